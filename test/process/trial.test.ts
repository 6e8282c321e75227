import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptLoad } from "../harness/process/kept.js";
import type { Answer } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";

/** Generation 1 of version 1 serves, and generation 2 of version 2 is on trial beside it. */
async function putOnTrial(rig: Rig): Promise<void> {
  await rig.manager.startReady();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
  await rig.until("both", ({ generations }) => {
    return generations.map(({ phase }) => phase).join() === "held,active";
  });
}

/** Who answers, of so many requests on connections of their own. */
async function versions(rig: Rig, requests = 60): Promise<string[]> {
  const answers: Answer[] = [];
  for (let asked = 0; asked < requests; asked++) answers.push(await rig.ask());
  return [...new Set(answers.map(({ version }) => version))].sort();
}

for (const native of [false, true]) {
  const kind = native ? "native" : "plain";

  test(`${kind}: with hold both generations answer; a commit lets the old one finish`, async () => {
    await using rig = new Rig({ workers: 2, native });
    await putOnTrial(rig);
    await using load = rig.load();
    assert.deepEqual(await versions(rig), ["1", "2"]);
    assert.ok((await rig.control.order("commit")).ok);
    await rig.settled();
    assert.deepEqual(await versions(rig), ["2"]);
    assert.ok(!(await rig.control.order("commit")).ok);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  test(`unicorn: backing out of an upgrade on trial, ${kind}, goes back to the very workers that were there`, async () => {
    await using rig = new Rig({ workers: 2, native });
    await rig.manager.startReady();
    const workers = rig.workers();
    rig.release({ version: "2" });
    await using kept = await KeptLoad.open(rig.port, native ? 20 : 0);
    await using load = rig.load();
    assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
    assert.equal((await rig.upgrade("rollback")).failure, null);
    assert.equal((await rig.settled()).generations[0]?.id, 1);
    assert.deepEqual(rig.workers(), workers);
    assert.deepEqual(await versions(rig), ["1"]);
    await kept.stop();
    assert.deepEqual(kept.failures, []);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });
}

test("a worker that is killed on trial brings the old generation back by itself, and status says so", async () => {
  await using rig = new Rig();
  await putOnTrial(rig);
  const status = await rig.status();
  const pid = status.generations.at(-1)?.workers[0]?.pid;
  assert.ok(pid);
  process.kill(pid, "SIGKILL");
  const after = await rig.settled();
  assert.equal(after.generations[0]?.id, 1);
  assert.match(after.degraded ?? "", /was on trial/);
  assert.deepEqual(await versions(rig), ["1"]);
});

test("nginx: with the old generation drained by WINCH, it is started again when the one on trial loses a worker, and by a rollback", async () => {
  await using rig = new Rig();
  await putOnTrial(rig);
  await using load = rig.load();
  assert.ok((await rig.control.order("drain")).ok);
  const alone = await rig.settled();
  assert.equal(alone.generations[0]?.detail, "on trial until somebody decides");
  assert.deepEqual(await versions(rig), ["2"]);
  assert.equal((await rig.upgrade("rollback")).failure, null);
  await rig.settled();
  assert.deepEqual(await versions(rig), ["1"]);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a daemon that dies while a generation is on trial leaves the decision to the next", async () => {
  await using rig = new Rig();
  await putOnTrial(rig);
  await rig.manager.kill9();
  await rig.manager.startReady();
  assert.deepEqual(await versions(rig), ["1", "2"]);
  assert.equal((await rig.upgrade("rollback")).failure, null);
  assert.equal((await rig.settled()).generations[0]?.id, 1);
});
