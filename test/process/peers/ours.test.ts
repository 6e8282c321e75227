import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../harness/process/ports.js";
import { ask } from "../../harness/process/requests.js";
import { openReusePort } from "../../harness/process/reuse-port.js";
import { Rig } from "../../harness/process/rig.js";

test("ours: with an fd store that is full, upgrades and kill -9 of the daemon lose no request and no worker", async () => {
  await using rig = new Rig({ workers: 3, native: true });
  // What one worker needs is not in it, nor what an upgrade adds.
  rig.manager.store.limit = 7;
  await rig.manager.startReady();
  await using load = rig.load();
  for (const version of ["2", "3"]) {
    rig.release({ version });
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    const workers = rig.workers();
    await rig.manager.kill9();
    await rig.manager.startReady();
    await rig.settled();
    assert.deepEqual(rig.workers(), workers);
    assert.equal((await rig.ask()).version, version);
  }
  assert.ok(rig.manager.store.entries.length <= rig.manager.store.limit);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("ours: sockets of one name are all served, over an upgrade and kill -9 of the daemon", async () => {
  const { sockets, port } = openReusePort("http", 3);
  await using rig = new Rig({ alsoPassed: sockets });
  await rig.manager.startReady();
  const answered = async (generation: number): Promise<void> => {
    // The kernel chooses one of the three for each of these.
    for (let asked = 0; asked < 30; asked++) assert.equal((await ask({ port })).generation, generation);
    assert.equal((await rig.ask()).generation, generation);
  };
  await answered(1);
  await rig.manager.kill9();
  await rig.manager.startReady();
  await answered(1);
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await rig.settled()).listeners.length, 4);
  await answered(2);
});

test("ours: an upgrade asked for every 250 ms, faster than they end, loses nothing, and the last one's version serves", async () => {
  await using rig = new Rig({ native: true, workers: 2 });
  await rig.manager.startReady();
  await using load = rig.load();
  const rounds = 8;
  for (let round = 1; round <= rounds; round++) {
    rig.release({ version: String(1 + round) });
    assert.ok((await rig.control.request("upgrade")).ok);
    await pause(250);
  }
  await rig.manager.waitFor("the last version", async () => {
    await rig.settled();
    return (await rig.ask()).version === String(1 + rounds);
  });
  assert.equal(rig.workers().length, 2);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("ours: more clients than the backlog holds wait while there is no worker, and all are answered", async () => {
  await using rig = new Rig();
  const port = freePort();
  rig.configure(`[listeners.own]\naddress = "127.0.0.1:${port}"\nbacklog = 4\n`);
  await rig.manager.startReady();
  rig.manager.signal("SIGWINCH");
  await rig.until("no worker", ({ generations }) => generations.length === 0);
  const waiting = Array.from({ length: 20 }, () => ask({ port }));
  await rig.until("a full backlog", ({ listeners }) => {
    const backlog = listeners.find(({ name }) => name === "own")?.backlog;
    return backlog !== null && backlog !== undefined && backlog.queued > backlog.limit;
  });
  assert.equal((await rig.upgrade()).failure, null);
  const answers = await Promise.all(waiting);
  assert.ok(answers.every(({ generation }) => generation === 2));
});

test("ours: a version that turns bad long after it was ready: on trial the old one serves again, and nobody is refused", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
  // That it was ready, and answered, is all that its age could tell.
  await rig.manager.waitFor("an answer of it", async () => (await rig.ask()).version === "2");
  const [worker] = (await rig.status()).generations.at(-1)?.workers ?? [];
  assert.ok(worker !== undefined && worker.pid !== null);
  process.kill(worker.pid, "SIGKILL");
  await rig.manager.waitFor("the old one", async () => {
    const { generations } = await rig.status();
    return generations.length === 1 && generations[0]?.id === 1;
  });
  await using load = rig.load();
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await rig.ask()).version, "1");
});
