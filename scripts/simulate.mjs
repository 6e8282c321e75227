// Prints the tables of docs/judge.md.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWhole } from "./bundle.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(TOP, "build/test/simulation/simulate.js");
await bundleWhole(join(TOP, "test/simulation/simulate.ts"), program);
await import(program);
