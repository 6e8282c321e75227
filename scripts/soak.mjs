// Storms for as long as you like: soak.mjs [--minutes N] [--seed S]. As root it fills disks, too.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileTests } from "./compile-tests.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
await compileTests(TOP);
const program = join(TOP, "build/test/soak/soak.js");
const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: "inherit" });
process.exit(status ?? 1);
