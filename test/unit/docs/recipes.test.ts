import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseConfig } from "../../../src/config/parse.js";
import { wrappers } from "../../../src/config/programs.js";
import { findServer, selfBound, servers, tellOfSockets } from "../../../src/config/servers.js";
import { type Address, parseAddress } from "../../../src/lib/address.js";
import { pathInCheckout } from "../../harness/container/checkout.js";

const page = readFileSync(pathInCheckout("docs/recipes.md"), "utf8");
/** By what stands in their headings. */
const recipes = new Map(
  page
    .split(/^###? /m)
    .map((section) => [section.slice(0, section.indexOf("\n")).toLowerCase(), section] as const),
);

function planOf(recipe: string) {
  const [, toml = ""] = /^```toml\n(.*?)^```/ms.exec(recipe) ?? [];
  const parsed = parseConfig(toml, "recipes.md", { cwd: "/", cores: 1 });
  assert.ok(parsed.ok, parsed.ok ? "" : `${parsed.failure.message}\n${toml}`);
  return parsed.value;
}

test("each program that init and doctor know has a recipe, and each of those that cannot is named", () => {
  for (const name of Object.keys(servers)) assert.ok(recipes.has(name), `docs/recipes.md has no ### ${name}`);
  for (const name of [...wrappers, ...selfBound]) assert.match(page, new RegExp(`\\b${name}\\b`), name);
});

/** Where the socket unit listens that a recipe has. */
function addressOfUnit(recipe: string): Address {
  const parsed = parseAddress(/^ListenStream=(.*)$/m.exec(recipe)?.[1] ?? "");
  assert.ok(parsed.ok);
  return parsed.value;
}

for (const [name, recipe] of recipes) {
  if (!recipe.includes("```toml")) continue;
  test(`the recipe of ${name} is read, and says how it is ready, how it drains, and its limits`, () => {
    assert.equal(recipe.match(/^```toml/gm)?.length, 1);
    planOf(recipe);
    for (const word of ["Ready", "Drain", "Limits"])
      assert.match(recipe, new RegExp(`\\*\\*${word}\\*\\*`), word);
  });
}

for (const [name, server] of Object.entries(servers)) {
  test(`the recipe of ${name} is what init would write`, () => {
    const { plan, listeners } = planOf(recipes.get(name) ?? "");
    assert.equal(findServer(plan.command), server);
    const recipe = recipes.get(name) ?? "";
    const addresses = (listeners ?? []).map(({ address }) => address ?? addressOfUnit(recipe));
    const { environment } = plan;
    assert.equal(tellOfSockets({ argv: plan.command, environment }, addresses), undefined);
    if (server.told !== undefined && "variable" in server.told)
      assert.equal(environment[server.told.variable], server.told.value(addresses));
    assert.equal(plan.drain.signal, [server.drain].find((signal) => signal !== "none") ?? "SIGTERM");
    if (server.saysReady === "never") assert.equal(plan.ready.rule.when, "accepts");
  });
}
