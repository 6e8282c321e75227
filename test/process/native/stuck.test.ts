import assert from "node:assert/strict";
import { test } from "node:test";
import { balance } from "../../harness/process/accounts.js";
import { Rig } from "../../harness/process/rig.js";

test("a worker whose loop stands still is replaced, and its neighbour is not", async () => {
  await using rig = new Rig({ native: true, workers: 2 });
  rig.manager.override["WATCHDOG_USEC"] = "1000000";
  await rig.manager.startReady();
  const { pid } = await rig.ask();
  const neighbour = rig.workers().find((one) => one !== pid);
  let stuck = 0;
  // Until it is the first one's turn.
  await rig.manager.waitFor("that worker to be stuck", async () => {
    if ((await rig.ask()).pid !== pid) return undefined;
    const asked = rig.ask("/stuck").catch(() => "ended");
    const answer = await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 100, "silent"))]);
    stuck += 1;
    return answer === "silent" || answer === "ended";
  });
  assert.ok(stuck > 0);
  const { generations } = await rig.until("a worker in its place", ({ generations: [only] }) => {
    const pids = only?.workers.map((worker) => worker.pid) ?? [];
    const ready = only?.workers.every(({ phase }) => phase === "ready") ?? false;
    return ready && pids.filter((one) => one === pid || one === neighbour).length === 1;
  });
  assert.equal(generations[0]?.workers.length, 2);
  await rig.ask();
  await balance(rig);
});
