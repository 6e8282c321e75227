import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptLoad } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables, untilProof } from "../../harness/process/trials.js";

/** Asks for version 2, which is on trial for longer than any test takes; the answer comes at its end. */
async function beginTrial(rig: Rig): Promise<{ readonly outcome: ReturnType<Rig["upgrade"]> }> {
  rig.release({ version: "2" });
  rig.configure(judgedTables({ trial: "10m" }));
  const outcome = rig.upgrade();
  await untilProof(rig, "trial", 2);
  return { outcome };
}

for (const native of [false, true]) {
  const kind = native ? "native" : "plain";

  test(`${kind}: a rollback in the middle of a trial goes back to the very workers that were there, and the upgrade says so`, async () => {
    await using rig = new Rig({ workers: 2, native });
    await rig.manager.startReady();
    const workers = rig.workers();
    await using kept = await KeptLoad.open(rig.port, native ? 20 : 0);
    await using load = rig.load();
    const { outcome } = await beginTrial(rig);
    assert.equal((await rig.upgrade("rollback")).failure, null);
    assert.equal((await outcome).failure?.reason, "rolled-back");
    const status = await rig.settled();
    assert.equal(status.generations[0]?.id, 1);
    assert.equal(status.degraded, null);
    assert.deepEqual(rig.workers(), workers);
    await kept.stop();
    assert.deepEqual(kept.failures, []);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  test(`${kind}: a commit in the middle of a trial ends it well`, async () => {
    await using rig = new Rig({ workers: 2, native });
    await rig.manager.startReady();
    await using load = rig.load();
    const { outcome } = await beginTrial(rig);
    assert.ok((await rig.control.order("commit")).ok);
    assert.equal((await outcome).failure, null);
    assert.equal((await rig.settled()).generations[0]?.id, 2);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });
}

test("an upgrade that is asked for in the middle of a trial comes after it", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using load = rig.load();
  const { outcome: first } = await beginTrial(rig);
  rig.release({ version: "3" });
  rig.configure(judgedTables({ trial: "300ms" }));
  assert.ok((await rig.control.request("upgrade")).ok);
  assert.equal((await rig.status()).generations.at(-1)?.id, 2);
  assert.ok((await rig.control.order("commit")).ok);
  assert.equal((await first).failure, null);
  await untilProof(rig, "probation", 3);
  assert.equal((await rig.settled()).lastUpgrade?.failure, null);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a stop in the middle of a trial ends both generations", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  const { outcome } = await beginTrial(rig);
  const failed = outcome.catch(() => null);
  assert.equal((await rig.manager.stop()).code, 0);
  assert.deepEqual(rig.workers(), []);
  await failed;
});

async function stage(rig: Rig): Promise<readonly number[]> {
  rig.release({ version: "2" });
  const before = rig.workers();
  assert.equal((await rig.upgrade("upgrade", { stage: true })).failure, null);
  return rig.workers().filter((pid) => !before.includes(pid));
}

test("native: a staged version takes no request, outlives the daemon, and serves with the same workers at the commit", async () => {
  await using rig = new Rig({ workers: 2, native: true });
  await rig.manager.startReady();
  await using kept = await KeptLoad.open(rig.port, 20);
  await using load = rig.load();
  const staged = await stage(rig);
  assert.equal(staged.length, 2);
  await rig.manager.kill9();
  await rig.manager.startReady();
  await rig.until(
    "both",
    ({ generations }) => generations.map(({ phase }) => phase).join() === "active,candidate",
  );
  assert.equal((await rig.ask()).version, "1");
  assert.ok(kept.answers.every(({ version }) => version === "1"));
  assert.ok((await rig.control.order("commit")).ok);
  await rig.until("the new one", ({ generations }) =>
    generations.some(({ id, phase }) => id === 2 && phase === "active"),
  );
  await rig.settled();
  assert.deepEqual(rig.workers(), staged);
  await kept.stop();
  assert.deepEqual(kept.failures, []);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a staged version that dies is gone, and nothing else happens", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  await using kept = await KeptLoad.open(rig.port, 10);
  const [worker] = await stage(rig);
  assert.ok(worker !== undefined);
  process.kill(worker, "SIGKILL");
  const status = await rig.settled();
  assert.equal(status.generations[0]?.id, 1);
  assert.equal(status.degraded, null);
  assert.equal((await rig.upgrade()).failure, null);
  await kept.stop();
  assert.deepEqual(kept.failures, []);
});

test("a rollback sends a staged version away, and touches nothing else", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  const workers = rig.workers();
  await stage(rig);
  assert.equal((await rig.upgrade("rollback")).failure, null);
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  assert.deepEqual(rig.workers(), workers);
});
