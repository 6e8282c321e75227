// Random input for as long as you like: fuzz.mjs [TARGET]... [--minutes N] [--seed S]. What it prints is enough to do it again.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileTests } from "./compile-tests.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
await compileTests(TOP);
const program = join(TOP, "build/test/fuzz/fuzz.js");
const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: "inherit" });
process.exit(status ?? 1);
