import { spawn } from "node:child_process";
import { once } from "node:events";
import { HarnessError } from "../harness-error.js";

export interface TestRun {
  /** Exit status. */
  readonly code: number;
  readonly passed: number;
  readonly skipped: number;
  /** What was said of tests that failed, as TAP, or all that was said where none did. */
  readonly output: string;
}

/** Runs compiled test files with another Node's own test runner. Throws a HarnessError `node` when it did not end by itself within `timeoutMs`. */
export async function runTests(node: string, files: readonly string[], timeoutMs: number): Promise<TestRun> {
  // With it the runner takes itself for a test of this one, and runs nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const options = ["--test", "--test-reporter=tap", "--test-concurrency=2"];
  const child = spawn(node, [...options, ...files], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, "close");
  if (child.killed || signal !== null)
    throw new HarnessError("node", `cannot run the tests: not within ${timeoutMs} ms, or killed:\n${output}`);
  const count = (word: string): number =>
    Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const failures = output.match(/^not ok .*\n(?: .*\n)*/gm)?.join("");
  return { code, passed: count("pass"), skipped: count("skipped"), output: failures ?? output };
}
