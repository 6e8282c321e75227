import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as immediately } from "node:timers/promises";
import { HarnessError } from "../harness/harness-error.js";
import { fdsAtRest, gust, patient } from "../harness/process/calm.js";
import { KeptLoad } from "../harness/process/kept.js";
import { Rig } from "../harness/process/rig.js";
import { SmallDisk } from "../harness/process/small-disk.js";
import { type Blow, type Disk, deadly, harmless, Storm, scarce } from "../harness/process/storm.js";

/** Another seed than those that are always tried. */
const chosen = process.env["HOLDFAST_STORM_SEED"];
const seeds = (of: readonly number[]): readonly number[] => (chosen === undefined ? of : [Number(chosen)]);
const gusts = 2;
const blowsEach = 12;

async function weather(rig: Rig, seed: number, kinds: readonly Blow[], disk?: Disk): Promise<Storm> {
  const fds = await fdsAtRest(rig);
  const storm = new Storm(rig, seed, disk);
  try {
    for (let count = 0; count < gusts; count++) await gust(rig, storm, fds, blowsEach, kinds);
  } catch (cause) {
    throw new HarnessError("storm", `seed ${seed}\n${storm.told.join("\n")}\n${rig.manager.log()}`, {
      cause,
    });
  }
  return storm;
}

for (const seed of seeds([11])) {
  test(`ours: a storm of upgrades, rollbacks, bad versions and dying daemons loses no request and no connection (seed ${seed})`, async () => {
    await using rig = new Rig({ native: true, workers: 2, config: patient });
    await rig.manager.startReady();
    await using load = rig.load();
    await using kept = await KeptLoad.open(rig.port, 10);
    const storm = await weather(rig, seed, harmless);
    await load.stop();
    await kept.stop();
    assert.deepEqual([...load.failures, ...kept.failures], [], storm.told.join("\n"));
  });
}

for (const seed of seeds([2])) {
  test(`ours: a storm in which workers are killed, too, refuses nobody, and one daemon and one generation are left (seed ${seed})`, async () => {
    await using rig = new Rig({ native: true, workers: 2, config: patient });
    await rig.manager.startReady();
    await using load = rig.load();
    const { killed, told } = await weather(rig, seed, deadly);
    await load.stop();
    // Each of the two clients of the load may have had one request in a worker that was killed.
    assert.ok(load.failures.length <= 2 * killed, `${load.failures.join("\n")}\n${told.join("\n")}`);
    assert.deepEqual(
      load.failures.filter((why) => why.includes("ECONNREFUSED") || why.includes("timedOut")),
      [],
    );
  });
}

const asRoot = process.getuid?.() === 0 ? {} : { skip: "a disk of its own needs root" };

for (const seed of seeds([5])) {
  test(
    `ours: a storm in which disk and fds run out again and again does not end the daemon, and loses no request (seed ${seed})`,
    asRoot,
    async () => {
      await using rig = new Rig({ native: true, workers: 2, config: patient });
      using disk = new SmallDisk(rig.stateDirectory);
      await rig.manager.startReady();
      await using load = rig.load();
      const { told, restarts } = await weather(rig, seed, [...scarce, "upgrade", "two upgrades"], disk);
      await load.stop();
      assert.deepEqual([restarts, load.failures], [0, []], told.join("\n"));
    },
  );
}

test("a storm that fails starts no daemon any more", async () => {
  await using rig = new Rig({ config: patient });
  await rig.manager.startReady();
  const disk = { fill: () => assert.fail("no disk"), free: () => {} };
  const storm = new Storm(rig, 1, disk);
  await assert.rejects(storm.rage(1, ["full disk"]), /no disk/);
  await rig.manager.kill9();
  await immediately();
  assert.equal(storm.restarts, 0);
});
