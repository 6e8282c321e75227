import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as v from "valibot";
import { pathInCheckout } from "../../harness/container/checkout.js";

const registry = "https://registry.npmjs.org/";

const versions = v.optional(v.record(v.string(), v.string()), {});
const manifest = v.object({
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
  allowScripts: v.record(v.string(), v.boolean()),
});
const lock = v.object({
  packages: v.record(
    v.string(),
    v.object({
      version: v.optional(v.string()),
      resolved: v.optional(v.string()),
      integrity: v.optional(v.string()),
      link: v.optional(v.boolean()),
      hasInstallScript: v.optional(v.boolean()),
    }),
  ),
});

function read<T>(file: string, schema: v.GenericSchema<unknown, T>): T {
  return v.parse(v.pipe(v.string(), v.parseJson(), schema), readFileSync(pathInCheckout(file), "utf8"));
}

const own = read("package.json", manifest);
const locked = Object.entries(read("package-lock.json", lock).packages).filter(([path]) => path !== "");

test("the lock file has the SHA-512 of every package, and no package from anywhere but the registry", () => {
  assert.ok(locked.length > 100);
  for (const [path, { integrity, resolved = registry, link }] of locked) {
    assert.match(integrity ?? "", /^sha512-[A-Za-z0-9+/]{86}==$/, path);
    assert.ok(resolved.startsWith(registry), `${path} comes from ${resolved}`);
    assert.equal(link, undefined, path);
  }
});

test("every package that package.json names has one exact version, which is the locked one", () => {
  const named = { ...own.dependencies, ...own.devDependencies, ...own.optionalDependencies };
  const found = new Map(locked);
  for (const [name, version] of Object.entries(named)) {
    assert.equal(found.get(`node_modules/${name}`)?.version, version, name);
  }
});

test("package.json says of each package with an install script whether that is run, and names no other", () => {
  const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = scripted.map(([path]) => path.replace(/^.*node_modules\//, ""));
  assert.deepEqual(Object.keys(own.allowScripts).sort(), [...new Set(names)].sort());
});
