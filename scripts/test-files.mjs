// Runs test files side by side, for scripts/test.mjs.
import { spawn } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

/** What two cores bear, for tests mostly wait. */
const ROOM = 4;
/** Of that room. A file that boots containers boots one of each Debian release, side by side. */
const SIZE = { unit: 1, process: 1, system: 2, packages: 2 };
/** A file that hangs fails, and does not take the others with it. */
const TIMEOUT_MS = 15 * 60_000;
/** After its end somebody else may hold its output; it fails then, and nobody waits for that one. */
const LEFT_MS = 30_000;
/** Of a failed file, once more at the end of a run. */
const FAILURE_LINES = 40;
/** What is written here waits for no disk: one that is slow for minutes would let daemons miss the deadlines of their tests. */
const MEMORY = "/dev/shm";
const TMPFS = 0x01021994;
const MEMORY_NEEDED = 4 * 2 ** 30;
const COUNTED = ["tests", "pass", "fail", "cancelled", "skipped"];

/**
 * Runs `files`, each `{ stage, file }`, and prints what each said when it has ended. Those of one size are begun in their order; while there
 * are small and big ones, they share the room. Returns for each its name, its counts, how many seconds it took, whether all is well, and the failures.
 */
export function runFiles(top, files) {
  const kinds = [2, 1].map((size) => ({
    size,
    waiting: files.filter(({ stage }) => SIZE[stage] === size),
    taken: 0,
  }));
  const results = [];
  return new Promise((resolve, reject) => {
    const next = () => {
      const room = kinds.reduce((free, { taken }) => free - taken, ROOM);
      const able = kinds.filter(({ waiting, size }) => waiting.length > 0 && size <= room);
      return able.sort((one, other) => one.taken - other.taken)[0];
    };
    const go = () => {
      for (let kind = next(); kind !== undefined; kind = next()) begin(kind);
      if (kinds.every(({ taken }) => taken === 0)) resolve(results);
    };
    const begin = (kind) => {
      kind.taken += kind.size;
      runFile(top, kind.waiting.shift()).then((result) => {
        results.push(result);
        kind.taken -= kind.size;
        go();
      }, reject);
    };
    go();
  });
}

async function runFile(top, { file }) {
  const begun = performance.now();
  const child = spawn(process.execPath, ["--test-reporter=spec", file], {
    cwd: top,
    env: { ...process.env, TMPDIR: whereToWrite() },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const isLeft = await ended(child);
  const seconds = (performance.now() - begun) / 1000;
  const counts = Object.fromEntries(COUNTED.map((word) => [word, 0]));
  for (const [, word, count] of output.matchAll(/^ℹ (\w+) (\d+)$/gm)) {
    if (word in counts) counts[word] = Number(count);
  }
  const name = nameOf(file);
  console.log(`▶ ${name}, ${seconds.toFixed(1)} s\n${output.replaceAll(/^ℹ \w+ [\d.]+\n/gm, "").trimEnd()}`);
  const ok = child.exitCode === 0 && counts.tests > 0 && !isLeft;
  if (!ok) console.log(`✖ ${name} ${howItEnded(child, counts)}`);
  // One that did not come to count its tests has failed all the same.
  if (!ok && counts.fail + counts.cancelled === 0) counts.fail = 1;
  return { name, seconds, counts, ok, failures: ok ? "" : lastOf(output) };
}

/** True when its output does not end with it. */
async function ended(child) {
  let isLeft = false;
  let patience;
  child.once("exit", () => {
    patience = setTimeout(() => {
      isLeft = true;
      child.stdout.destroy();
      child.stderr.destroy();
    }, LEFT_MS);
  });
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(patience);
  return isLeft;
}

/** Containers write to memory anyway. */
function whereToWrite() {
  if (process.env.TMPDIR !== undefined || !existsSync(MEMORY)) return tmpdir();
  const { type, bavail, bsize } = statfsSync(MEMORY);
  return type === TMPFS && bavail * bsize > MEMORY_NEEDED ? MEMORY : tmpdir();
}

/** What a failed file said at its end: node:test repeats there what failed, and why. */
function lastOf(output) {
  const [, said = output] = output.split(/^✖ failing tests:$/m);
  return said.trim().split("\n").slice(0, FAILURE_LINES).join("\n");
}

/** That of its source, as one opens it. */
function nameOf(file) {
  return file.replace(/^build\//, "").replace(/js$/, "ts");
}

function howItEnded({ exitCode, signalCode }, { tests }) {
  if (signalCode !== null)
    return `was ended by ${signalCode} or took longer than ${TIMEOUT_MS / 60_000} minutes`;
  if (tests === 0) return "ran no test";
  return exitCode === 0 ? "left a process behind that holds its output" : `failed, with status ${exitCode}`;
}
