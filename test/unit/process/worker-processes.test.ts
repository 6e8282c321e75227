import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import { openSocketPair } from "../../../src/linux/socket-pair.js";
import type { ExitStatus } from "../../../src/model/event.js";
import { WorkerProcesses } from "../../../src/process/worker-processes.js";
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
    const [own, channel] = openSocketPair("seqpacket");
    const environment = { PATH: process.env["PATH"] ?? "" };
    const spawned = workers.spawn(slot, {
      command,
      directory,
      environment,
      fds: [],
      fdNames: [],
      identifier: "test",
      channel,
    });
    [own, channel].forEach(closeFd);
    assert.ok(spawned.ok);
    workers.openGate(spawned.value.pid);
    await waitUntil("the worker", DEADLINE_MS, async () => existsSync(join(directory, "up")));
    workers.terminate(spawned.value.pid, "SIGTERM");
    assert.deepEqual(await exit, { code: null, signal: "SIGTERM", handled: expected });
    workers.forget(spawned.value.pid);
  });
}
