import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { UpgradeWish } from "../../../src/control/port.js";
import { restartMarkIn } from "../../../src/lib/directories.js";
import type { State } from "../../../src/model/state.js";
import { readStateFile } from "../../../src/state/state-file.js";
import { breakDisk, mendDisk } from "../../harness/process/broken-disk.js";
import { reboot } from "../../harness/process/reboot.js";
import { Rig } from "../../harness/process/rig.js";
import { isServing, Taker } from "../../harness/process/taker.js";
import { judgedTables, proofOf, untilProof } from "../../harness/process/trials.js";

/** Version 2 is on trial, or on probation, for so long that the test decides; the load is on. */
async function begin(
  rig: Rig,
  kind: "trial" | "probation",
  lasts = "10m",
  wish: UpgradeWish = {},
): Promise<void> {
  rig.manager.start();
  await rig.settled();
  rig.release({ version: "2" });
  rig.configure(judgedTables({ trial: kind === "trial" ? lasts : "0s", probation: lasts }));
  assert.ok((await rig.control.request("upgrade", wish)).ok);
  // A short trial may be over before anybody looks.
  await rig.manager.waitFor("version 2", () => {
    const active = rig.state().generations.find(({ stage }) => stage.phase === "active");
    return active !== undefined && active.id >= 2;
  });
}

async function nextDaemon(rig: Rig): Promise<State> {
  await rig.manager.ended();
  await rig.manager.startReady();
  return rig.state();
}

interface Way {
  readonly what: string;
  readonly standalone?: boolean;
  /** Returns what the next daemon knows. */
  readonly replace: (rig: Rig) => Promise<State>;
}

const ways: readonly Way[] = [
  {
    what: "is killed",
    replace: (rig) => {
      rig.manager.signal("SIGKILL");
      return nextDaemon(rig);
    },
  },
  {
    what: "is re-executed",
    replace: async (rig) => {
      assert.ok((await rig.control.order("reexec")).ok);
      return nextDaemon(rig);
    },
  },
  {
    what: "starts the next one in its own place",
    standalone: true,
    replace: async (rig) => {
      const { pid } = await rig.status();
      assert.ok((await rig.control.order("reexec")).ok);
      await rig.until("the next daemon", (status) => status.pid !== pid);
      return rig.state();
    },
  },
];

for (const { what, standalone = false, replace } of ways) {
  for (const kind of ["trial", "probation"] as const) {
    test(`a daemon ${what} in the middle of a ${kind}: the deadline is what it was, and the verdict can still be no`, async () => {
      await using rig = new Rig({ standalone });
      await begin(rig, kind);
      await using load = rig.load();
      const before = proofOf(rig.state());
      assert.deepEqual(proofOf(await replace(rig)), before);
      const [worker] = (await rig.status()).generations.at(-1)?.workers ?? [];
      await load.stop();
      assert.deepEqual(load.failures, []);
      process.kill(worker?.pid ?? 0, "SIGKILL");
      await untilProof(rig, "proved", kind === "trial" ? 1 : 3);
      assert.match((await rig.settled()).degraded ?? "", new RegExp(`generation 2 was on ${kind}`));
      assert.equal((await rig.ask()).version, "1");
    });
  }

  test(`a daemon ${what} in the middle of a trial that ends meanwhile: the next one keeps the new version`, async () => {
    await using rig = new Rig({ standalone });
    await begin(rig, "trial", "1s");
    await using load = rig.load();
    await replace(rig);
    await untilProof(rig, "proved", 2);
    const status = await rig.settled();
    assert.deepEqual([status.lastUpgrade?.failure, status.degraded], [null, null]);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });
}

test("a daemon that is re-executed while a reload waits for the end of a trial starts the next one itself: systemd starts none before the reload has ended", async () => {
  await using rig = new Rig();
  await begin(rig, "trial", "10m", { reload: true });
  await using load = rig.load();
  const { pid } = await rig.status();
  assert.ok((await rig.control.order("reexec")).ok);
  const next = await rig.until("the next daemon", (status) => status.pid !== pid);
  assert.equal((await rig.manager.ended()).code, 0);
  assert.ok(rig.manager.messages.includes(`MAINPID=${next.pid}`), rig.manager.messages.join("\n"));
  assert.equal(next.upgrade?.id, 2);
  assert.ok((await rig.control.order("commit")).ok);
  assert.equal((await rig.settled()).lastUpgrade?.failure, null);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("another daemon takes over in the middle of a probation: the deadline is what it was", async () => {
  await using rig = new Rig({ standalone: true });
  await begin(rig, "probation");
  await rig.settled();
  await using load = rig.load();
  const before = proofOf(rig.state());
  await using taker = new Taker(rig);
  await taker.until(rig, "the next daemon", isServing);
  assert.equal((await rig.manager.ended()).code, 0);
  const read = readStateFile(join(taker.directory, "state"));
  assert.ok(read.ok && read.value !== undefined);
  assert.deepEqual(proofOf(read.value.state), before);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("another daemon that wants to take over in the middle of a trial is turned away, and the trial goes on", async () => {
  await using rig = new Rig({ standalone: true });
  await begin(rig, "trial");
  await using load = rig.load();
  const before = proofOf(rig.state());
  await using taker = new Taker(rig);
  assert.notEqual(await taker.exited, 0);
  assert.deepEqual(proofOf(rig.state()), before);
  assert.ok((await rig.control.order("commit")).ok);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a restart in the middle of a trial: both versions serve on, and the release goes through a trial of its own", async () => {
  await using rig = new Rig();
  await begin(rig, "trial", "700ms");
  await using load = rig.load();
  writeFileSync(restartMarkIn(rig.runtimeDirectory), "");
  rig.manager.signal("SIGKILL");
  await nextDaemon(rig);
  await untilProof(rig, "proved", 3);
  assert.equal((await rig.settled()).degraded, null);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a restart and a boot with a rejected release on the disk do not start it, and say so", async () => {
  await using rig = new Rig();
  await begin(rig, "trial");
  const [worker] = (await rig.status()).generations.at(-1)?.workers ?? [];
  process.kill(worker?.pid ?? 0, "SIGKILL");
  await untilProof(rig, "proved", 1);
  await rig.settled();
  await using load = rig.load();
  writeFileSync(restartMarkIn(rig.runtimeDirectory), "");
  rig.manager.signal("SIGKILL");
  await nextDaemon(rig);
  const restarted = await rig.settled();
  assert.match(restarted.degraded ?? "", /rejected at .*generation 2 was on trial/);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await rig.ask()).version, "1");

  await reboot(rig);
  const booted = await rig.settled();
  assert.match(booted.degraded ?? "", /rejected at .*generation 2 was on trial/);
  assert.equal((await rig.ask()).version, "1");
  const forced = await rig.upgrade("upgrade").then(({ failure }) => failure?.reason);
  assert.equal(forced, "rejected");
  assert.ok((await rig.control.request("upgrade", { force: true })).ok);
  await untilOnTrial(rig);
});

test("a boot in the middle of a trial judges the new version, and can go back to what was held", async () => {
  await using rig = new Rig();
  await begin(rig, "trial");
  await reboot(rig);
  const booted = await rig.settled();
  assert.equal((await rig.ask()).version, "2");
  const [worker] = booted.generations[0]?.workers ?? [];
  process.kill(worker?.pid ?? 0, "SIGKILL");
  await rig.until("the way back", ({ generations }) => (generations.at(-1)?.id ?? 0) > 3);
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
});

/** By the daemon's own word: what it has written it may still be about to make sure of. */
function untilOnTrial(rig: Rig): Promise<unknown> {
  return rig.until(
    "the trial",
    ({ generations }) => generations.map(({ phase }) => phase).join() === "held,active",
  );
}

async function withoutDisk(rig: Rig, meanwhile: () => Promise<void>): Promise<void> {
  breakDisk(rig);
  await meanwhile();
  mendDisk(rig);
}

test("the disk is full in the middle of a trial: both versions serve on, and it ends as it ends", async () => {
  await using rig = new Rig({ inPlace: true });
  await rig.manager.startReady();
  await using load = rig.load();
  rig.release({ version: "2" });
  // Time to see the trial, and to take the disk away.
  rig.configure(judgedTables({ trial: "4s", probation: "0s" }));
  const upgrade = rig.upgrade();
  await untilOnTrial(rig);
  await withoutDisk(rig, async () => {
    assert.equal((await upgrade).failure, null);
    const status = await rig.settled();
    assert.equal(status.generations[0]?.id, 2);
    assert.match(status.degraded ?? "", /cannot write the state file/);
  });
  await load.stop();
  assert.deepEqual(load.failures, []);
  rig.configure();
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await rig.settled()).degraded, null);
});

test("the disk is full in the middle of a trial that fails: the old version serves on", async () => {
  await using rig = new Rig({ inPlace: true });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  rig.configure(judgedTables({ trial: "10m" }));
  const upgrade = rig.upgrade();
  await untilOnTrial(rig);
  const [worker] = (await rig.status()).generations.at(-1)?.workers ?? [];
  await withoutDisk(rig, async () => {
    process.kill(worker?.pid ?? 0, "SIGKILL");
    assert.equal((await upgrade).failure?.reason, "trial-failed");
    assert.equal((await rig.settled()).generations[0]?.id, 1);
    assert.equal((await rig.ask()).version, "1");
  });
});
