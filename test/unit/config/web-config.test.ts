import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readOperators } from "../../../src/config/read-operators.js";
import { parseWebConfig, readWebConfig } from "../../../src/config/web-config.js";
import { temporaryDirectory } from "../control/rig.js";

const without = { actions: false, hosts: [], userHeader: "x-remote-user" };

test("without a config, or with an empty one, the page only shows", (context) => {
  assert.deepEqual(parseWebConfig("", "web.toml"), { ok: true, value: without });
  assert.deepEqual(parseWebConfig("[web]", "web.toml"), { ok: true, value: without });
  const named = readWebConfig(join(temporaryDirectory(context), "web.toml"));
  assert.match(named.ok ? "" : named.failure.message, /there is no such file/);
});

test("a config says who may act, under which names, and how a proxy says who asks", () => {
  const toml = '[web]\nactions = true\nhosts = ["Status.Example.org"]\nuser-header = "X-User"';
  const parsed = parseWebConfig(toml, "web.toml");
  const value = { actions: true, hosts: ["status.example.org"], userHeader: "x-user" };
  assert.deepEqual(parsed, { ok: true, value });
});

for (const [toml, message] of [
  ["[web", /^web\.toml:1:\d+: not valid TOML/],
  ["web = 1", /^web\.toml:1: web: must be a table/],
  ['[web]\nactions = "yes"', /^web\.toml:2: web\.actions: must be true or false/],
  ['[web]\nhosts = ["http://a"]', /^web\.toml:2: web\.hosts\[0\]: must be the name of a host/],
  ['[web]\nuser-header = "a b"', /^web\.toml:2: web\.user-header: must be the name of a header/],
  ["[web]\naction = true", /^web\.toml:2: web\.action: unknown key `action`; did you mean `actions`/],
  ["actions = true", /^web\.toml:1: actions: unknown key `actions`/],
] as const) {
  test(`${JSON.stringify(toml)} is refused`, () => {
    const parsed = parseWebConfig(toml, "web.toml");
    assert.match(parsed.ok ? "" : parsed.failure.message, message);
  });
}

test("the operators of an instance are those of its config, whatever else is in it", (context) => {
  const folder = temporaryDirectory(context);
  writeFileSync(join(folder, "a.toml"), 'command = 1\n[control]\noperators = "ops"');
  writeFileSync(join(folder, "b.toml"), 'command = ["x"]');
  writeFileSync(join(folder, "c.toml"), "[control]\noperators = 1");
  assert.deepEqual(readOperators("a", folder), { ok: true, value: "ops" });
  assert.deepEqual(readOperators("b", folder), { ok: true, value: null });
  for (const name of ["c", "absent"]) assert.equal(readOperators(name, folder).ok, false, name);
});
