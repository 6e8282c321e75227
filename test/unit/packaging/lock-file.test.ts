import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as v from "valibot";
import { pathInCheckout } from "../../harness/container/checkout.js";

const names = v.optional(v.record(v.string(), v.string()), {});
const manifest = v.object({ dependencies: names, optionalDependencies: names, devDependencies: names });
const lock = v.object({
  packages: v.record(
    v.string(),
    v.object({ integrity: v.optional(v.string()), resolved: v.optional(v.string()) }),
  ),
});

function read<T>(schema: v.GenericSchema<unknown, T>, file: string): T {
  return v.parse(schema, JSON.parse(readFileSync(pathInCheckout(file), "utf8")));
}

test("every package of the lock file is pinned by its digest, and comes from the registry that npm is told", () => {
  const { packages } = read(lock, "package-lock.json");
  const others = Object.entries(packages).filter(([path]) => path !== "");
  assert.ok(others.length > 100);
  for (const [path, { integrity = "", resolved }] of others) {
    assert.match(integrity, /^sha512-/, path);
    assert.equal(resolved, undefined, path);
  }
});

test("every dependency is named by one version", () => {
  const { dependencies, optionalDependencies, devDependencies } = read(manifest, "package.json");
  const all = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies });
  assert.ok(all.length > 10);
  for (const [name, version] of all) assert.match(version, /^\d+\.\d+\.\d+$/, name);
});
