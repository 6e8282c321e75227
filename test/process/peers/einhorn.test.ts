import assert from "node:assert/strict";
import { test } from "node:test";
import { Rig } from "../../harness/process/rig.js";

test("einhorn: a worker that dies while the daemon is being replaced is replaced by the next daemon, from its own version", async () => {
  await using rig = new Rig({ standalone: true, workers: 2 });
  rig.manager.start();
  const { pid } = await rig.settled();
  const [victim = 0, other] = rig.workers();
  rig.release({ version: "2" });
  assert.ok((await rig.control.order("reexec")).ok);
  process.kill(victim, "SIGKILL");
  await rig.until("the next daemon", (status) => status.pid !== pid);
  await rig.manager.waitFor("one daemon", () => rig.daemons().length === 1);
  await rig.manager.waitFor("a worker in its place", () => {
    const workers = rig.workers();
    return workers.length === 2 && !workers.includes(victim);
  });
  await rig.settled();
  assert.ok(rig.workers().includes(other ?? 0));
  assert.equal((await rig.ask()).version, "1");
});
