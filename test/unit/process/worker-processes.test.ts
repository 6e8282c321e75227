import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import { startTimeOf } from "../../../src/linux/pidfd.js";
import { openSocketPair } from "../../../src/linux/socket-pair.js";
import type { ExitStatus } from "../../../src/model/event.js";
import { type WorkerEnd, WorkerProcesses } from "../../../src/process/worker-processes.js";
import { DEADLINE_MS, waitUntil } from "../../harness/container/wait-until.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

const slot = { generation: 1, index: 0 };
/** As puma and uvicorn do. */
const finishing = "trap 'trap - TERM; kill -TERM $$' TERM; touch up; while :; do sleep 0.05; done";

for (const [what, command, expected] of [
  // A shell blocks all signals while it starts a child: this one starts none.
  ["that has no handler", ["/bin/sh", "-c", ": > up; exec sleep 60"], false],
  ["that finishes, and then ends by the same signal", ["/bin/sh", "-c", finishing], true],
  [
    "of Node's, of which it is not known",
    [process.execPath, "-e", "fs.writeFileSync('up', ''); setInterval(() => {}, 50)"],
    false,
  ],
] as const) {
  test(`of a worker ${what} is told at its end whether it handled the signal`, async (t) => {
    const directory = temporaryDirectory(t);
    using watcher = new Watcher();
    let ended: (exit: ExitStatus) => void = () => {};
    const exit = new Promise<ExitStatus>((resolve) => {
      ended = resolve;
    });
    const workers = new WorkerProcesses({
      watcher,
      onExit: (_slot, _pid, end) => ended(end.exit),
      storePidfd() {},
      removePidfd() {},
      signalUnseen() {},
    });
    const pid = start(workers, command, directory);
    workers.openGate(pid);
    await waitUntil("the worker", DEADLINE_MS, async () => existsSync(join(directory, "up")));
    workers.terminate(pid, "SIGTERM");
    assert.deepEqual(await exit, { code: null, signal: "SIGTERM", handled: expected });
    workers.forget(pid);
  });
}

test("what goes on in the place of a worker is asked to end also where it cannot be followed", async (t) => {
  const directory = temporaryDirectory(t);
  using watcher = new Watcher();
  let ended: (end: WorkerEnd) => void = () => {};
  const end = new Promise<WorkerEnd>((resolve) => {
    ended = resolve;
  });
  let full = false;
  const workers = new WorkerProcesses({
    watcher,
    onExit: (_slot, _pid, how) => ended(how),
    storePidfd() {
      if (full) throw new Error("too many open files");
    },
    removePidfd() {},
    signalUnseen() {},
  });
  const pid = start(workers, ["/bin/sh", "-c", "sleep 60 & exit"], directory);
  workers.openGate(pid);
  const { left } = await end;
  assert.ok(left !== undefined);
  full = true;
  assert.throws(() => workers.follow(pid, left, "SIGTERM"), /too many open files/);
  await waitUntil("its end", DEADLINE_MS, async () => startTimeOf(left.pid) !== left.startTime);
});

function start(workers: WorkerProcesses, command: readonly string[], directory: string): number {
  const [own, channel] = openSocketPair("seqpacket");
  const environment = { PATH: process.env["PATH"] ?? "" };
  const passed = { fds: [], fdNames: [], identifier: "test", channel };
  const spawned = workers.spawn(slot, { command, directory, environment, ...passed });
  [own, channel].forEach(closeFd);
  assert.ok(spawned.ok);
  return spawned.value.pid;
}
