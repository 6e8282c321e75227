import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import * as v from "valibot";
import { pathInCheckout } from "../container/checkout.js";
import { HarnessError } from "../harness-error.js";

const manifestSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ dependencies: v.optional(v.record(v.string(), v.string()), {}) }),
);

/** The folders below `node_modules` of a package and of all that it depends on, from the top of the checkout. */
export async function dependenciesOf(name: string): Promise<readonly string[]> {
  const found = new Set<string>();
  const wanted: [name: string, from: string][] = [[name, pathInCheckout("package.json")]];
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    const [wantedName, from] = next;
    const { manifest, folder } = await manifestOf(wantedName, from);
    if (found.has(folder)) continue;
    found.add(folder);
    const { dependencies } = v.parse(manifestSchema, await readFile(manifest, "utf8"));
    for (const dependency of Object.keys(dependencies)) wanted.push([dependency, manifest]);
  }
  return [...found];
}

/** As Node finds it: in the nearest `node_modules` above who asks. */
async function manifestOf(name: string, from: string): Promise<{ manifest: string; folder: string }> {
  for (const modules of createRequire(from).resolve.paths(name) ?? []) {
    const manifest = join(modules, name, "package.json");
    const present = await readFile(manifest).catch(() => null);
    if (present !== null) return { manifest, folder: relative(pathInCheckout(), join(modules, name)) };
  }
  throw new HarnessError("dependencies", `${name}, which ${from} needs, is not installed`);
}
