import assert from "node:assert/strict";
import { test } from "node:test";
import { countLost } from "../../harness/load/report.js";
import { startLoad } from "../../harness/load/start-load.js";
import { deployFlawed } from "../../harness/process/flawed-app.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables, untilProof } from "../../harness/process/trials.js";
import { assertNobodyRefused } from "../../harness/service/under-load.js";

async function startGood(rig: Rig, flaws = {}): Promise<string> {
  deployFlawed(rig, "native.mjs", "v1", flaws);
  await rig.manager.startReady();
  await rig.settled();
  return `127.0.0.1:${rig.port}`;
}

test("a native version that answers 500 is left in its trial: who has a connection to the old one notices nothing", async () => {
  await using rig = new Rig();
  const address = await startGood(rig);
  const keepAlive = 8;
  await using load = await startLoad(null, { address, keepAlive, freshPerSecond: 200, slow: 0 });
  deployFlawed(rig, "native.mjs", "v2", { fails: 1 });
  rig.configure(judgedTables({ trial: "20s" }));
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "trial-failed");
  assert.match(failure.message, /\(100 %\), 0 of \d+ \(0 %\) of generation 1/);
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  await load.waitForMore(2);
  const report = await load.stop();
  assert.equal(report.refused + report.reset + report.cut + report.timedOut, 0, JSON.stringify(report));
  assert.ok(report.bad > 0, "it served");
  assert.equal(countLost(report.kinds.keepAlive) + report.idleClosed, 0, JSON.stringify(report));
  assert.equal(report.connections, keepAlive + report.kinds.fresh.requests, JSON.stringify(report));
});

test("a native version that answers 500 to one request of four is left in its probation by itself", async () => {
  await using rig = new Rig();
  const address = await startGood(rig);
  await using load = await startLoad(null, { address, keepAlive: 8, freshPerSecond: 50, slow: 0 });
  // So many that something is known of the version before.
  await load.waitForMore(100);
  deployFlawed(rig, "native.mjs", "v2", { fails: 0.25 });
  rig.configure(judgedTables({ trial: "0s" }));
  assert.equal((await rig.upgrade()).failure, null);
  await untilProof(rig, "proved", 3);
  const status = await rig.settled();
  assert.match(status.degraded ?? "", /generation 2 was on probation: \d+ of \d+ responses failed/);
  await load.waitForMore(2);
  const report = await load.stop();
  assert.equal(report.refused + report.reset + report.cut + report.timedOut, 0, JSON.stringify(report));
});

test("a native version that fails as often as the one before is kept", async () => {
  await using rig = new Rig();
  const address = await startGood(rig, { fails: 0.25 });
  await using load = await startLoad(null, { address, keepAlive: 8, freshPerSecond: 50, slow: 0 });
  deployFlawed(rig, "native.mjs", "v2", { fails: 0.25 });
  rig.configure(judgedTables({ trial: "2s", probation: "3s" }));
  assert.equal((await rig.upgrade()).failure, null);
  await untilProof(rig, "proved", 2);
  await load.stop();
});

test("with `slow` a native version that is too slow is left as one that fails", async () => {
  await using rig = new Rig();
  const address = await startGood(rig);
  await using load = await startLoad(null, { address, keepAlive: 8, freshPerSecond: 100, slow: 0 });
  deployFlawed(rig, "native.mjs", "v2", { "slow-ms": 300 });
  rig.configure(judgedTables({ trial: "20s", judge: 'slow = "100ms"' }));
  const { failure } = await rig.upgrade();
  assert.match(failure?.message ?? "", /responses failed \(100 %\)/);
  await load.waitForMore(2);
  const report = await load.stop();
  assertNobodyRefused(report);
  assert.equal(countLost(report), 0, JSON.stringify(report));
});
