import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../../harness/process/accounts.js";
import { armFault } from "../../harness/process/fault.js";
import { KeptConnection, KeptLoad } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

async function count(rig: Rig, times: number): Promise<number> {
  const connection = await KeptConnection.open(rig.port);
  let last = 0;
  for (let time = 0; time < times; time += 1) ({ count: last } = await connection.ask("/count"));
  connection.end();
  return last;
}

test("a version that refuses the state is aborted, and the old one counts on untouched", async () => {
  await using rig = new Rig({ native: true, exclusive: true });
  await rig.manager.startReady();
  assert.equal(await count(rig, 5), 5);
  for (const bad of [{ refuse: true }, { stateVersion: 2 }]) {
    rig.release({ version: "bad", ...bad });
    const { failure } = await rig.upgrade();
    assert.equal(failure?.reason, "state-refused");
    assert.match(failure?.message ?? "", /the state count/);
    await rig.settled();
  }
  assert.equal(await count(rig, 1), 6);
  assert.equal((await rig.ask()).version, "1");
  await balance(rig);
});

test("with one writer at a time no count is lost and none is given twice, over upgrades under load", async () => {
  await using rig = new Rig({ native: true, exclusive: true });
  await rig.manager.startReady();
  await using kept = await KeptLoad.open(rig.port, 20, "/count");
  await using load = rig.load();
  for (let round = 0; round < 6; round += 1) {
    const got = kept.answers.length;
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    await rig.manager.waitFor("all to be answered again", () => kept.answers.length > got + 40);
  }
  await kept.stop();
  await load.stop();
  assert.deepEqual([kept.failures, load.failures], [[], []]);
  const counts = kept.answers.map((answer) => answer.count).sort((one, other) => one - other);
  assert.deepEqual(
    counts,
    counts.map((_, at) => at + 1),
  );
});

test("a newer version reads the older state, and the older one the newer at a rollback", async () => {
  await using rig = new Rig({ native: true, exclusive: true });
  rig.release({ version: "1", migrates: true });
  await rig.manager.startReady();
  assert.equal(await count(rig, 3), 3);
  rig.release({ version: "2", stateVersion: 2, migrates: true });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.equal(await count(rig, 3), 6);
  assert.equal((await rig.upgrade("rollback")).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
  assert.equal(await count(rig, 3), 9);
});

test("a drain that the next daemon orders once more does not bring back an old state", async () => {
  await using rig = new Rig({ native: true, faulty: true });
  await rig.manager.startReady();
  assert.equal(await count(rig, 5), 5);
  const gate = join(rig.directory, "gate");
  const moving = await KeptConnection.open(rig.port);
  const held = (await KeptConnection.open(rig.port)).ask(`/hold?${gate}`);
  await rig.until("the request to be in flight", ({ generations }) =>
    generations.some(({ workers }) => workers.some(({ servers }) => servers[0]?.counters.inFlight === 1)),
  );
  armFault(rig.directory, { what: "send drain", at: 1, how: "die-after" });
  await rig.control.request("upgrade");
  await rig.manager.ended();
  // The new worker accepts before it has the state, which comes ahead of the connections.
  await rig.manager.waitFor("the hand-over", async () => (await moving.ask()).generation === 2);
  assert.equal(await count(rig, 5), 10);
  await rig.manager.startReady();
  assert.equal(await count(rig, 1), 11);
  rig.openGate(gate);
  assert.equal((await held).generation, 1);
  await rig.settled();
  assert.equal(await count(rig, 1), 12);
  await balance(rig);
});

test("the state outlives a stop of the whole service", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  assert.equal(await count(rig, 4), 4);
  await rig.manager.stop();
  await rig.manager.startReady();
  assert.equal(await count(rig, 1), 5);
});

test("a worker that crashes goes on with the values that were written last", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  assert.equal(await count(rig, 4), 4);
  await rig.manager.stop();
  await rig.manager.startReady();
  assert.equal(await count(rig, 1), 5);
  const [crashing] = rig.workers();
  assert.ok(crashing !== undefined);
  process.kill(crashing, "SIGKILL");
  await rig.until("another worker, ready", ({ generations: [only] }) => {
    const [worker] = only?.workers ?? [];
    return worker?.phase === "ready" && worker.pid !== crashing;
  });
  assert.equal(await count(rig, 1), 5, "what it counted since has gone with it");
});

test("an exclusive upgrade to plain workers is refused", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  rig.native = false;
  rig.strategy = "exclusive";
  rig.configure();
  const { failure } = await rig.upgrade();
  assert.match(failure?.message ?? "", /needs native workers/);
  // A plain worker accepts from its start on; this one until it has ended.
  await rig.until("the first generation alone", ({ generations }) => generations.length === 1);
  assert.equal((await rig.ask()).generation, 1);
});
