// Random input for as long as you like: fuzz.mjs TARGET [--minutes N] [--seed S]. What it prints is enough to do it again.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleWhole } from "./bundle.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
/** The file below test/fuzz, and what it exports: a function of the first seed and of the end in milliseconds of performance.now(). */
const TARGETS = {
  http: { file: "http", run: "fuzzHttp" },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: `${Date.now() % 1e6}` },
  },
});
const [name] = positionals;
const target = Object.hasOwn(TARGETS, name ?? "") ? TARGETS[name] : undefined;
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (target === undefined || !(minutes > 0) || !Number.isInteger(seed) || positionals.length > 1) {
  console.error(`usage: npm run fuzz -- ${Object.keys(TARGETS).join("|")} [--minutes N] [--seed S]`);
  process.exit(2);
}
const program = join(TOP, "build/test/fuzz", `${target.file}.js`);
await bundleWhole(join(TOP, "test/fuzz", `${target.file}.ts`), program);
const { [target.run]: run } = await import(program);
const found = await run(seed, performance.now() + minutes * 60_000);
process.exit(found === 0 ? 0 : 1);
