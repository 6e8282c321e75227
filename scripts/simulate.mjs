// Prints the tables of docs/judge.md, or with `fleet` those of docs/fleet.md.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWhole } from "./bundle.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
const [, , what = "judge"] = process.argv;
if (what !== "judge" && what !== "fleet") {
  console.error("usage: simulate.mjs [judge|fleet [SEED]]");
  process.exit(2);
}
const program = join(TOP, `build/test/simulation/simulate-${what}.js`);
await bundleWhole(join(TOP, `test/simulation/simulate-${what}.ts`), program);
await import(program);
