import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { endProcesses } from "../../../src/cli/end-processes.js";

/** A shell that has said it is ready, and those of its lines that are pids. */
async function startShell(
  context: TestContext,
  script: string,
): Promise<{ child: ChildProcess; pids: number[] }> {
  const child = spawn("/bin/sh", ["-c", `${script}; echo ready; while :; do sleep 0.05; done`]);
  context.after(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    output += chunk;
  });
  while (!output.includes("ready")) await once(child.stdout, "data");
  return {
    child,
    pids: [
      child.pid ?? 0,
      ...output
        .split("\n")
        .map(Number)
        .filter((pid) => pid > 1),
    ],
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a process that heeds SIGTERM is not killed", async (context) => {
  const { child, pids } = await startShell(context, "trap 'exit 7' TERM");
  const ended = once(child, "exit");
  const list = () => pids.filter(isAlive);
  assert.deepEqual(await endProcesses({ list, drainMs: 10_000 }), { asked: 1, killed: 0, left: 0 });
  assert.deepEqual(await ended, [7, null]);
});

test("a process that does not heed SIGTERM is killed when its time is over", async (context) => {
  const { child, pids } = await startShell(context, "trap '' TERM");
  const ended = once(child, "exit");
  const list = () => pids.filter(isAlive);
  assert.deepEqual(await endProcesses({ list, drainMs: 100 }), { asked: 1, killed: 1, left: 0 });
  assert.deepEqual(await ended, [null, "SIGKILL"]);
});

test("a server's children are left to the server until the time is over", async (context) => {
  const childIgnores =
    "(trap 'echo told' TERM; while :; do sleep 0.05; done) & echo $!; trap 'kill -9 $!; wait; exit 3' TERM";
  const { child, pids } = await startShell(context, childIgnores);
  let told = "";
  child.stdout?.on("data", (chunk) => {
    told += chunk;
  });
  const ended = once(child, "exit");
  assert.equal(pids.length, 2);
  const list = () => pids.filter(isAlive);
  assert.deepEqual(await endProcesses({ list, drainMs: 10_000 }), { asked: 1, killed: 0, left: 0 });
  assert.deepEqual(await ended, [3, null]);
  assert.equal(told, "");
});

test("nobody is signalled who is no longer on the list", async (context) => {
  const { child, pids } = await startShell(context, "true");
  let asked = 0;
  const list = () => (asked++ === 0 ? pids : []);
  assert.deepEqual(await endProcesses({ list, drainMs: 100 }), { asked: 0, killed: 0, left: 0 });
  assert.equal(child.exitCode, null);
  assert.ok(isAlive(child.pid ?? 0));
});
