import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptLoad } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables, untilProof } from "../../harness/process/trials.js";

const sick = { version: "2", health: 500 } as const;
const judge = 'health = { http = "/healthz", every = "100ms", failures = 2 }';

test("native: a version that is not well is left in its trial: every connection stays, and nothing is lost", async () => {
  await using rig = new Rig({ workers: 2, native: true });
  await rig.manager.startReady();
  const workers = rig.workers();
  await using kept = await KeptLoad.open(rig.port, 20);
  await using load = rig.load();
  rig.release(sick);
  rig.configure(judgedTables({ trial: "20s", judge }));
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "trial-failed");
  assert.match(failure.message, /2 health checks in a row failed: .*status 500/);
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  assert.deepEqual(rig.workers(), workers);
  await kept.stop();
  assert.deepEqual(kept.failures, []);
  assert.deepEqual([...new Set(kept.answers.map(({ generation }) => generation))], [1]);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("native: a version that is not well is left in its probation: every connection moves there and back, and nothing is lost", async () => {
  await using rig = new Rig({ workers: 2, native: true });
  await rig.manager.startReady();
  await using kept = await KeptLoad.open(rig.port, 20);
  await using load = rig.load();
  rig.release(sick);
  rig.configure(
    judgedTables({ trial: "0s", judge: 'health = { http = "/healthz", every = "300ms", failures = 2 }' }),
  );
  assert.equal((await rig.upgrade()).failure, null);
  await untilProof(rig, "proved", 3);
  const status = await rig.settled();
  assert.match(status.degraded ?? "", /generation 2 was on probation: 2 health checks in a row failed/);
  assert.equal((await rig.ask()).version, "1");
  await kept.stop();
  assert.deepEqual(kept.failures, []);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("plain: a version that is not well is found so once it serves alone, and left without a loss", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  await using load = rig.load();
  rig.release({ version: "2" });
  // What it answers is not what its config wants.
  const strange = 'health = { http = "/healthz", status = 204, every = "100ms", failures = 2 }';
  rig.configure(judgedTables({ trial: "300ms", judge: strange }));
  assert.equal((await rig.upgrade()).failure, null);
  await untilProof(rig, "proved", 3);
  const status = await rig.settled();
  assert.match(status.degraded ?? "", /GET \/healthz was answered with status 200, not status 204/);
  assert.equal((await rig.ask()).version, "1");
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a version that is well comes through trial and probation", async () => {
  await using rig = new Rig({ workers: 2, native: true });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  rig.configure(judgedTables({ trial: "400ms", probation: "400ms", judge }));
  assert.equal((await rig.upgrade()).failure, null);
  await untilProof(rig, "proved", 2);
  assert.equal((await rig.settled()).degraded, null);
});
