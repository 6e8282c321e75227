import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathInCheckout } from "../../harness/container/checkout.js";

/** Of what is installed, or copied by somebody who installs it. */
function findScripts(): string[] {
  return ["examples", "packaging"].flatMap((folder) =>
    readdirSync(pathInCheckout(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((file) => readFileSync(file, "latin1").startsWith("#!/bin/sh")),
  );
}

test("shellcheck finds nothing in the scripts that are installed, nor in the examples", () => {
  const scripts = findScripts();
  assert.ok(scripts.length > 6, scripts.join("\n"));
  const { status, stdout, error } = spawnSync("shellcheck", scripts, { encoding: "utf8" });
  assert.equal(error, undefined, "shellcheck is not installed: node scripts/setup.mjs test");
  assert.equal(status, 0, stdout);
});
