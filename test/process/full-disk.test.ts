import assert from "node:assert/strict";
import { test } from "node:test";
import { breakDisk, mendDisk } from "../harness/process/broken-disk.js";
import { Rig } from "../harness/process/rig.js";

test("without a writable state directory the service goes on, refuses upgrades and says so", async () => {
  await using rig = new Rig({ workers: 2, inPlace: true });
  await rig.manager.startReady();
  await using load = rig.load();
  breakDisk(rig);
  assert.equal((await rig.upgrade()).failure?.reason, "state-unwritable");
  assert.equal((await rig.refusal()).reason, "state-unwritable");
  const status = await rig.settled();
  assert.equal(status.generations[0]?.id, 1);
  assert.match(status.degraded ?? "", /cannot write the state file/);
  assert.match(rig.manager.status, /no upgrades/);
  await load.stop();
  assert.deepEqual(load.failures, []);

  await assert.rejects(rig.ask("/crash"));
  await rig.until(
    "the crash",
    ({ generations }) => generations[0]?.workers.some(({ crashes }) => crashes > 0) ?? false,
  );
  await rig.settled();

  mendDisk(rig);
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await rig.settled()).degraded, null);
});

test("once the disk can be written again SIGHUP upgrades, as holdfast upgrade does", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  breakDisk(rig);
  assert.equal((await rig.upgrade()).failure?.reason, "state-unwritable");
  mendDisk(rig);
  rig.manager.signal("SIGHUP");
  await rig.until("the next generation", ({ generations }) => (generations.at(-1)?.id ?? 0) > 1);
  assert.equal((await rig.settled()).degraded, null);
});

test("a daemon that dies while the disk is full leaves what it knew in memory", async () => {
  await using rig = new Rig({ inPlace: true });
  await rig.manager.startReady();
  breakDisk(rig);
  await assert.rejects(rig.ask("/crash"));
  await rig.until("the crash", ({ generations }) => generations[0]?.workers[0]?.crashes === 1);
  await rig.settled();
  const workers = rig.workers();
  await rig.manager.kill9();
  await rig.manager.startReady();
  const [generation] = (await rig.settled()).generations;
  assert.deepEqual([generation?.id, generation?.workers[0]?.crashes], [1, 1]);
  assert.deepEqual(rig.workers(), workers);
  mendDisk(rig);
  assert.equal((await rig.upgrade()).failure, null);
});

test("a commit that cannot be written down is not made", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "silent" });
  const upgrade = rig.upgrade();
  await rig.until(
    "a worker that starts",
    ({ generations }) => generations.at(-1)?.workers[0]?.phase === "starting",
  );
  breakDisk(rig);
  await rig.manager.waitFor(
    "an answer of the new version",
    async () => (await rig.ask("/notify?READY=1")).version === "2",
  );
  assert.equal((await upgrade).failure?.reason, "state-unwritable");
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  mendDisk(rig);
});

test("the watchdog is fed by the loop, and not while the state cannot be written", async () => {
  await using rig = new Rig();
  rig.manager.override["WATCHDOG_USEC"] = "100000";
  await rig.manager.startReady();
  const { messages } = rig.manager;
  const beats = (): number => messages.filter((message) => message === "WATCHDOG=1").length;
  await rig.manager.waitFor("three beats", () => beats() >= 3);
  breakDisk(rig);
  await rig.upgrade();
  const before = beats();
  // As long as five beats would take: nothing can be waited for when nothing is to happen.
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.ok(beats() <= before + 1, "beats go on");
  mendDisk(rig);
  await rig.manager.waitFor("beats again", () => beats() > before + 2);
});
