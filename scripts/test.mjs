// Runs the tests: test.mjs [unit|process|system|packages [FILTER]] [--release NAME]. Without a stage: lint, type check, then all stages,
// but with a Debian release, which those that boot containers are run on instead of the usual ones, only `system`.
// FILTER is a part of a test file's path. Ends with the slowest files, what failed, and the sum over all; fails when a stage ran no test.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compileTests } from "./compile-tests.mjs";
import { runFiles } from "./test-files.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
const STAGES = ["unit", "process", "system", "packages"];
const SLOWEST_SHOWN = 10;
const CLOSING = ["tests", "pass", "fail", "cancelled", "skipped"];

function must(title, command, ...args) {
  console.log(`▶ ${title}`);
  const { status } = spawnSync(command, args, { cwd: TOP, stdio: "inherit" });
  if (status === 0) return;
  console.error(`✖ ${title} failed`);
  process.exit(1);
}

/** The compiled test files of a stage. Says why and fails when there is none, or when they cannot be run. */
function findTests(stage, filter) {
  const folder = join(TOP, "test", stage);
  const files = (existsSync(folder) ? readdirSync(folder, { recursive: true }) : [])
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join("build", "test", stage, file.replace(/\.ts$/, ".js")))
    .filter((file) => file.includes(filter))
    .sort();
  console.log(`▶ ${stage} tests: ${files.length} files`);
  const why = whyNot(stage, files.length, filter);
  if (why === undefined) return files.map((file) => ({ stage, file }));
  console.error(`✖ ${why}`);
  process.exitCode = 1;
  return [];
}

function whyNot(stage, count, filter) {
  if ((stage === "system" || stage === "packages") && process.getuid() !== 0)
    return `the ${stage} tests boot containers, which needs root: sudo npm test`;
  return count === 0 ? `no ${stage} test file${filter && ` matches ${filter}`}` : undefined;
}

/** In the background; the tests that need it say so when it fails. */
function buildPackagesAhead() {
  const program = join(TOP, "build/test/harness/packages/build-ahead.js");
  spawn(process.execPath, [program], { cwd: TOP, stdio: "ignore" });
}

function misused() {
  console.error("usage: test.mjs [unit|process|system|packages [FILTER]] [--release NAME]");
  process.exit(2);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { release: { type: "string" } },
      allowPositionals: true,
    });
    const [only = values.release && "system", filter = "", ...more] = positionals;
    const known = only === undefined || STAGES.includes(only);
    return known && more.length === 0 ? { only, filter, release: values.release } : misused();
  } catch {
    return misused();
  }
}

/** For the files that are run; compiled by now, and loaded once here, so that a name that is not known ends it all. */
async function choose(release) {
  process.env.HOLDFAST_TEST_RELEASE = release;
  await import("../build/test/harness/container/releases.js").catch((error) => {
    console.error(`✖ ${error.message}`);
    process.exit(2);
  });
}

const { only, filter, release } = readArguments();
const bin = (name) => join(TOP, "node_modules", ".bin", name);
if (only === undefined) {
  must("lint", bin("biome"), "check");
  must("imports", process.execPath, "scripts/check-imports.mjs");
  must("type check of the page", bin("tsc"), "-p", "src/page");
}
must("build", "npm", "run", "--silent", "build");
await compileTests(TOP);
if (release !== undefined) await choose(release);

const begun = performance.now();
const stages = only === undefined ? STAGES : [only];
const files = stages.flatMap((stage) => findTests(stage, filter));
if (only === undefined && process.exitCode === undefined) buildPackagesAhead();
const results = await runFiles(TOP, files);

const slowest = results.sort((one, other) => other.seconds - one.seconds).slice(0, SLOWEST_SHOWN);
console.log(
  `▶ the slowest of ${results.length} files, of ${Math.round((performance.now() - begun) / 1000)} s`,
);
for (const { name, seconds } of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
for (const { name, failures } of results.filter(({ ok }) => !ok)) console.log(`✖ ${name}\n${failures}`);
console.log("▶ all stages");
const sum = (word) => results.reduce((total, { counts }) => total + counts[word], 0);
for (const word of CLOSING) console.log(`ℹ ${word} ${sum(word)}`);
for (const { name } of results.filter(({ ok }) => !ok)) console.log(`✖ ${name}`);
console.log(`${sum("pass")} passed, ${sum("fail") + sum("cancelled")} failed, ${sum("skipped")} skipped`);
if (results.some(({ ok }) => !ok)) process.exitCode = 1;
