import assert from "node:assert/strict";
import { test } from "node:test";
import { countLost } from "../../harness/load/report.js";
import { startLoad } from "../../harness/load/start-load.js";
import { deployFlawed } from "../../harness/process/flawed-app.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables, untilProof } from "../../harness/process/trials.js";
import { assertNobodyRefused } from "../../harness/service/under-load.js";

for (const app of ["plain.js", "native.mjs"] as const) {
  const startGood = async (rig: Rig): Promise<void> => {
    deployFlawed(rig, app, "v1");
    await rig.manager.startReady();
    await rig.settled();
  };
  const address = (rig: Rig): string => `127.0.0.1:${rig.port}`;

  test(`${app}: a version that dies of a request on trial is left at once: who has a connection to the old one notices nothing`, async () => {
    await using rig = new Rig();
    await startGood(rig);
    const workers = rig.workers();
    const keepAlive = 8;
    await using load = await startLoad(null, {
      address: address(rig),
      keepAlive,
      freshPerSecond: 100,
      slow: 0,
    });
    deployFlawed(rig, app, "v2", { "dies-at": 3 });
    rig.configure(judgedTables({ trial: "20s" }));
    const { failure } = await rig.upgrade();
    assert.equal(failure?.reason, "trial-failed");
    assert.match(failure.message, /generation 2 was on trial: worker 2\.0 was ended by SIGKILL/);
    const status = await rig.settled();
    assert.equal(status.generations[0]?.id, 1);
    assert.match(status.degraded ?? "", /was on trial/);
    assert.deepEqual(rig.workers(), workers);
    await load.waitForMore(2);
    const report = await load.stop();
    assertNobodyRefused(report);
    assert.ok(countLost(report) > 0, "it died of a request");
    assert.equal(countLost(report.kinds.keepAlive) + report.idleClosed, 0, JSON.stringify(report));
    assert.equal(report.connections, keepAlive + report.kinds.fresh.requests, JSON.stringify(report));
  });

  test(`${app}: a version that dies of a request on probation is left by itself for what was proved; clients wait at most`, async () => {
    await using rig = new Rig();
    await startGood(rig);
    await using load = await startLoad(null, {
      address: address(rig),
      keepAlive: 0,
      freshPerSecond: 100,
      slow: 0,
    });
    deployFlawed(rig, app, "v2", { "dies-at": 150 });
    rig.configure(judgedTables({ trial: "200ms" }));
    assert.equal((await rig.upgrade()).failure, null);
    await untilProof(rig, "proved", 3);
    const status = await rig.settled();
    assert.match(status.degraded ?? "", /generation 2 was on probation: worker 2\.0 was ended by SIGKILL/);
    assert.equal(status.lastUpgrade?.kind, "rollback");
    await load.waitForMore(2);
    const report = await load.stop();
    assertNobodyRefused(report);
    assert.ok(report.versions["v2"] !== undefined, "it served");
    assert.equal(rig.state().rejected[0]?.generation, 2);
  });
}
