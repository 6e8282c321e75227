import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { processName } from "../../src/linux/pidfd.js";
import { puppet } from "../harness/process/programs.js";
import { Rig } from "../harness/process/rig.js";

/** A shell that waits for its child and passes no signal on, as `sh -c "a; b"` and npm's. The child is told that it has the sockets. */
const shell = '(LISTEN_PID=$(exec sh -c "echo \\$PPID") exec "$0" "$@"); true';

function wrapped(config: string): Rig {
  const rig = new Rig({ config });
  rig.app = ["/bin/sh", "-c", shell, process.execPath, puppet];
  rig.configure(config);
  return rig;
}

test("a worker whose shell ends at SIGTERM drains on as what the shell has started, under any daemon", async () => {
  await using rig = wrapped('[drain]\ntimeout = "10min"\n');
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const held = rig.ask(`/hold?${gate}`);
  const { pid } = await rig.ask();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.until("the shell's child as the worker", ({ generations }) =>
    generations.some(({ id, workers }) => id === 1 && workers.some((worker) => worker.pid === pid)),
  );
  rig.manager.signal("SIGKILL");
  await rig.manager.ended();
  await rig.manager.startReady();
  const { generations } = await rig.status();
  assert.deepEqual(
    generations.map(({ id }) => id),
    [1, 2],
  );
  writeFileSync(gate, "");
  assert.equal((await held).version, "1");
  await rig.settled();
});

test("what a shell has started is ended at the drain's deadline, too", async () => {
  const config = '[drain]\ntimeout = "100ms"\nkill = "100ms"\n';
  await using rig = wrapped(config);
  rig.release({ version: "1", term: "ignore" });
  await rig.manager.startReady();
  const { pid } = await rig.ask();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert(!rig.processes().includes(pid));
});

test("what a killed worker has started in a session of its own ends with it, and what another worker has started does not", async () => {
  await using rig = new Rig({ workers: 2 });
  const file = join(rig.directory, "child.cjs");
  const options = '{ detached: true, stdio: "ignore" }';
  writeFileSync(file, `require("node:child_process").spawn("sleep", ["600"], ${options}).unref();`);
  rig.app = [process.execPath, "--require", file, puppet];
  rig.configure();
  await rig.manager.startReady();
  const childrenOf = (worker: number): number[] =>
    rig.processes().filter((pid) => processName(pid) === "sleep" && isOfWorker(pid, worker));
  const [first, second] = await rig.manager.waitFor("a child of each", () => {
    const [[one], [other]] = [childrenOf(0), childrenOf(1)];
    return one !== undefined && other !== undefined && [one, other];
  });
  const victim = (await rig.settled()).generations[0]?.workers[0]?.pid ?? 0;
  process.kill(victim, "SIGKILL");
  await rig.manager.waitFor("the end of its child, and another", () => {
    const now = childrenOf(0);
    return now.length === 1 && now[0] !== first;
  });
  assert.deepEqual(childrenOf(1), [second]);
});

/** One that ends in this very moment is nobody's. */
function isOfWorker(pid: number, worker: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`HOLDFAST_WORKER=${worker}`);
  } catch {
    return false;
  }
}
