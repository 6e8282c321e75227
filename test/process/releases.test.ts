import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../harness/process/accounts.js";
import type { Behaviour } from "../harness/process/behaviour.js";
import { reboot } from "../harness/process/reboot.js";
import { Rig } from "../harness/process/rig.js";

/** Writes over the current release where it is, as `rsync --inplace` does. */
function overwrite(rig: Rig, behaviour: Behaviour): void {
  writeFileSync(join(rig.releaseDirectory, "puppet.json"), JSON.stringify(behaviour));
}

async function crashAll(rig: Rig): Promise<void> {
  const before = rig.workers();
  for (const pid of before) process.kill(pid, "SIGKILL");
  await rig.manager.waitFor("other workers", () => {
    const now = rig.workers();
    return now.length === before.length && now.every((pid) => !before.includes(pid));
  });
}

const bad = { version: "2", boot: "crash" } as const;

test("whatever is written over the release in place, crashed workers come back with the code that was started", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  await using load = rig.load();
  overwrite(rig, bad);
  assert.equal((await rig.upgrade()).failure?.reason, "worker-exited");
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  await crashAll(rig);
  const { generations } = await rig.settled();
  assert.equal(generations[0]?.directory, rig.snapshot(1));
  assert.equal((await rig.ask()).version, "1");
  await balance(rig);
});

test("with the release deleted, crashed workers come back and a daemon that died recovers", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rmSync(rig.releaseDirectory, { recursive: true });
  await crashAll(rig);
  await rig.settled();
  await rig.manager.kill9();
  await rig.manager.startReady();
  await crashAll(rig);
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
  await balance(rig);
});

test("after a reboot with a bad version on the disk the last good one serves, and it is said until a good one comes", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  overwrite(rig, bad);
  assert.equal((await rig.upgrade()).failure?.reason, "worker-exited");
  await rig.settled();
  await reboot(rig);
  const status = await rig.settled();
  assert.equal((await rig.ask()).version, "1");
  assert.equal(status.generations[0]?.directory, rig.snapshot(1));
  assert.match(status.degraded ?? "", /the release could not be started, so what ran last serves: worker 3/);
  assert.match(rig.manager.status, /what ran last serves/);
  await balance(rig);
  overwrite(rig, { version: "3" });
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await rig.settled()).degraded, null);
  assert.equal((await rig.ask()).version, "3");
});

test("after a stop a config that cannot be read does not keep the service down", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.settled();
  assert.ok((await rig.control.order("stop")).ok);
  await rig.manager.ended();
  rig.manager.store.clear();
  writeFileSync(rig.configFile, "command = 7\n");
  await rig.manager.startReady();
  assert.match((await rig.settled()).degraded ?? "", /what ran last serves: .*service\.toml:1: command/);
  assert.equal((await rig.ask()).version, "1");
  await balance(rig);
});

test("a rollback needs no release, finds what was overwritten in place, and goes to the generation that is named", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  for (const version of ["2", "3"]) {
    overwrite(rig, { version });
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
  }
  rmSync(rig.releaseDirectory, { recursive: true });
  assert.equal((await rig.upgrade("rollback")).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
  assert.equal((await rig.upgrade("rollback", { to: 1 })).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
  await rig.tidyOrEnded();
  const before = rig.state();
  assert.equal((await rig.refusal("rollback", { to: 99 })).reason, "nothing-before");
  assert.equal((await rig.status()).degraded, null);
  assert.deepEqual(rig.state(), before, "a refused request changes nothing");
  await balance(rig);
});

test("as many generations as the config says are kept on disk", async () => {
  await using rig = new Rig({ config: "keep = 2\n" });
  await rig.manager.startReady();
  for (const version of ["2", "3", "4", "5"]) {
    rig.release({ version });
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
  }
  await rig.tidyOrEnded();
  await balance(rig);
  assert.deepEqual(
    rig.state().snapshots.map(({ id }) => id),
    [3, 4, 5],
  );
});

test("a daemon that is killed in the middle of the copy is followed by one that makes it whole", async () => {
  await using rig = new Rig();
  for (let n = 0; n < 5_000; n++) {
    const directory = join(rig.releaseDirectory, `modules/${n % 100}`);
    if (n < 100) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, String(n)), String(n));
  }
  await rig.manager.startReady();
  await using load = rig.load();
  for (const progress of ["modules", "modules/50", "modules/99/4999"]) {
    const id = rig.state().nextGeneration;
    assert.ok((await rig.control.request("upgrade")).ok);
    await rig.manager.waitFor("a part of the copy", () => existsSync(join(rig.snapshot(id), progress)));
    await rig.manager.kill9();
    await rig.manager.startReady();
    const { generations, lastUpgrade } = await rig.settled();
    assert.deepEqual([lastUpgrade?.failure, generations[0]?.id], [null, id]);
    assert.equal(readdirSync(join(rig.snapshot(id), "modules/99")).length, 50);
    await balance(rig);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("what the app wrote beside its code is said at the upgrade, and kept when its snapshot goes", async () => {
  await using rig = new Rig({ config: 'shared = ["uploads"]\nkeep = 1\n' });
  mkdirSync(join(rig.releaseDirectory, "uploads"));
  await rig.manager.startReady();
  chmodSync(rig.snapshot(1), 0o700);
  writeFileSync(join(rig.snapshot(1), "data.db"), "a row");
  writeFileSync(join(rig.snapshot(1), "uploads/a.png"), "a picture");
  overwrite(rig, { version: "2" });
  await rig.upgrade();
  const { written } = await rig.until("the finding", (status) => status.written.length > 0);
  assert.deepEqual(written, [
    { directory: rig.snapshot(1), paths: ["data.db"], line: 'shared = ["uploads", "data.db"]' },
  ]);
  await rig.settled();
  assert.equal(readFileSync(join(rig.snapshot(2), "uploads/a.png"), "utf8"), "a picture");
  overwrite(rig, { version: "3" });
  await rig.upgrade();
  await rig.settled();
  await rig.tidyOrEnded();
  await balance(rig);
  assert.equal(existsSync(rig.snapshot(1)), false);
  assert.equal(readFileSync(join(rig.stateDirectory, "written/1/data.db"), "utf8"), "a row");
});

test("a release with the state in it is refused, with the old generation serving", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.configure(`check = ["true"]\n`);
  const config = readFileSync(rig.configFile, "utf8");
  writeFileSync(rig.configFile, config.replace(/release = .*/, `release = ${JSON.stringify(rig.directory)}`));
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "release-invalid");
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  await balance(rig);
});

test("the history tells of each generation its version, its times and why it ended", async () => {
  await using rig = new Rig();
  writeFileSync(join(rig.releaseDirectory, "version"), "one\n");
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "crash" });
  await rig.upgrade();
  rig.release({ version: "3" });
  await rig.upgrade();
  await rig.settled();
  await reboot(rig);
  await rig.settled();
  const history = await rig.control.history();
  assert.ok(history.ok);
  assert.deepEqual(
    history.value.map(({ generation, version, note, returnable, to }) => [
      generation,
      version,
      note.slice(0, 35),
      returnable,
      to === null,
    ]),
    [
      [1, "one", "proved; superseded by generation 3", true, false],
      [2, null, "failed: worker 2.0 exited with stat", false, false],
      [3, null, "proved; the machine was started aga", true, false],
      [4, null, "active, has proved itself", false, true],
    ],
  );
  assert.ok(history.value.every(({ from, to }) => from > 1_600_000_000_000 && (to === null || to >= from)));
});
