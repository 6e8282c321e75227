import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../../harness/process/accounts.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

test("ours: workers whose channels were evicted from the fd store serve on, and drain as plain ones do", async () => {
  await using rig = new Rig({ native: true, workers: 2 });
  await rig.manager.startReady();
  await using load = rig.load();
  const connection = await KeptConnection.open(rig.port);
  await connection.ask();
  await rig.manager.kill9();
  rig.manager.store.clear();
  await rig.manager.startReady();
  assert.equal((await connection.ask()).generation, 1);
  assert.equal((await rig.upgrade()).failure, null);
  // It is told with its next response, for there is nobody to move it to.
  await rig.manager.waitFor("the connection to be told", async () => !(await connection.ask()).kept);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await rig.ask()).generation, 2);
  await balance(rig);
});

test("a worker that had begun to drain when its channel was lost is not cut by the SIGTERM that says so again", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const held = await KeptConnection.open(rig.port);
  const answer = held.ask(`/hold?${encodeURIComponent(gate)}`);
  await rig.until(
    "the request",
    ({ generations: [only] }) => only?.workers[0]?.servers[0]?.counters.inFlight === 1,
  );
  assert.equal((await rig.upgrade()).failure, null);
  await draining(rig, true);
  await rig.manager.kill9();
  rig.manager.store.clear();
  await rig.manager.startReady();
  await draining(rig, false);
  rig.openGate(gate);
  assert.equal((await answer).generation, 1);
  await rig.settled();
  held.end();
  await balance(rig);
});

test("a worker that had not read that it is to drain when its channel was lost drains all the same, and hands over", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  const connection = await KeptConnection.open(rig.port);
  const { pid } = await connection.ask();
  process.kill(pid, "SIGSTOP");
  try {
    assert.equal((await rig.upgrade()).failure, null);
    await draining(rig, true);
    await rig.manager.kill9();
    rig.manager.store.clear();
    await rig.manager.startReady();
    await draining(rig, false);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await rig.settled();
  const answer = await connection.ask();
  assert.deepEqual([answer.generation, answer.kept], [2, true]);
  connection.end();
  await balance(rig);
});

/** The old worker has been asked to drain, on its channel or by SIGTERM. */
async function draining(rig: Rig, native: boolean): Promise<void> {
  await rig.manager.waitFor(native ? "the order on the channel" : "SIGTERM", () => {
    const worker = rig.state().generations[0]?.workers[0];
    return worker?.native === native && worker.run.phase === "draining";
  });
}

test("a candidate that stands by and has lost its channel is replaced: nobody could tell it to accept", async () => {
  const verify = 'verify = { http = "/healthz", timeout = "20s" }\n';
  await using rig = new Rig({ native: true, config: verify });
  await rig.manager.startReady();
  await using load = rig.load();
  const gate = join(rig.directory, "gate");
  rig.release({ version: "2", gate });
  assert.ok((await rig.control.request("upgrade")).ok);
  await rig.until("the verification", ({ generations }) =>
    generations.some(({ detail }) => detail === "is being verified"),
  );
  await rig.manager.kill9();
  rig.manager.store.clear();
  await rig.manager.startReady();
  rig.openGate(gate);
  const { lastUpgrade } = await rig.settled();
  assert.equal(lastUpgrade?.failure, null);
  await rig.manager.waitFor("the new version", async () => (await rig.ask()).version === "2");
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
});
