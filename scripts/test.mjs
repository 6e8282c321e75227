// Runs the tests: test.mjs [unit|process|system|packages [FILTER]]. Without a stage: lint, type check, then all stages.
// FILTER is a part of a test file's path. Ends with the sum over all stages; fails when a stage ran no test.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
const STAGES = ["unit", "process", "system", "packages"];
/** Test files at a time. The system tests keep two cores busy with one. */
const CONCURRENCY = { unit: 2, process: 2, system: 1, packages: 1 };
const STAGE_TIMEOUT_MS = 40 * 60_000;
/** Of one file: one that hangs fails, and does not take the others with it. */
const FILE_TIMEOUT_MS = 6 * 60_000;
const CLOSING = ["tests", "pass", "fail", "cancelled", "skipped"];

function must(title, command, ...args) {
  console.log(`▶ ${title}`);
  const { status } = spawnSync(command, args, { cwd: TOP, stdio: "inherit" });
  if (status === 0) return;
  console.error(`✖ ${title} failed`);
  process.exit(1);
}

function findTests(stage, filter) {
  const folder = join(TOP, "test", stage);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join("build", "test", stage, file.replace(/\.ts$/, ".js")))
    .filter((file) => file.includes(filter))
    .sort();
}

/** Runs one stage, its output passed on as it comes; returns node's closing counts and whether all is well. */
async function runStage(stage, filter) {
  const counts = Object.fromEntries(CLOSING.map((word) => [word, 0]));
  const files = findTests(stage, filter);
  console.log(`▶ ${stage} tests: ${files.length} files`);
  if ((stage === "system" || stage === "packages") && process.getuid() !== 0) {
    console.error(`✖ the ${stage} tests boot containers, which needs root: sudo npm test`);
    return { counts, ok: false };
  }
  if (files.length === 0) {
    console.error(`✖ no ${stage} test file${filter && ` matches ${filter}`}`);
    return { counts, ok: false };
  }
  const options = [
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${CONCURRENCY[stage]}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
  ];
  const child = spawn(process.execPath, [...options, ...files], {
    cwd: TOP,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: STAGE_TIMEOUT_MS,
  });
  let tail = "";
  for await (const chunk of child.stdout) {
    process.stdout.write(chunk);
    tail = (tail + chunk).slice(-1_000_000);
  }
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once("exit", resolve));
  for (const [, word, count] of tail.matchAll(/^ℹ (\w+) (\d+)$/gm)) {
    if (word in counts) counts[word] = Number(count);
  }
  if (counts.tests === 0) console.error(`✖ no ${stage} test ran`);
  return { counts, ok: child.exitCode === 0 && counts.tests > 0 };
}

const [only, filter = ""] = process.argv.slice(2);
if (only !== undefined && !STAGES.includes(only)) {
  console.error("usage: test.mjs [unit|process|system|packages [FILTER]]");
  process.exit(2);
}
const bin = (name) => join(TOP, "node_modules", ".bin", name);
if (only === undefined) {
  must("lint", bin("biome"), "check");
  must("imports", process.execPath, "scripts/check-imports.mjs");
}
must("build", "npm", "run", "--silent", "build");
rmSync(join(TOP, "build"), { recursive: true, force: true });
must("type check, and compile the tests", bin("tsc"), "-p", "tsconfig.json");

const results = [];
for (const stage of only === undefined ? STAGES : [only]) results.push(await runStage(stage, filter));

const sum = (word) => results.reduce((total, { counts }) => total + counts[word], 0);
console.log("▶ all stages");
for (const word of CLOSING) console.log(`ℹ ${word} ${sum(word)}`);
console.log(`${sum("pass")} passed, ${sum("fail") + sum("cancelled")} failed, ${sum("skipped")} skipped`);
if (results.some(({ ok }) => !ok)) process.exitCode = 1;
