import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { restartMarkIn } from "../../src/lib/directories.js";
import { signalPidfd } from "../../src/linux/pidfd.js";
import { decodeRecord, encodeRecord } from "../../src/state/encode.js";
import { stateFilePath } from "../../src/state/state-file.js";
import { balance } from "../harness/process/accounts.js";
import { armFault } from "../harness/process/fault.js";
import { Rig } from "../harness/process/rig.js";

test("after kill -9 the next daemon adopts the workers, is ready at once, and no request was lost", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  const workers = rig.workers();
  await using load = rig.load();
  for (let round = 0; round < 3; round++) {
    await rig.manager.kill9();
    await rig.manager.startReady();
    await balance(rig);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(rig.workers(), workers);
  assert.equal((await rig.settled()).generations[0]?.id, 1);
});

test("a restart of which the daemon heard nothing, because it was killed, upgrades; a crash after it does not", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using load = rig.load();
  rig.release({ version: "2" });
  await rig.manager.kill9();
  writeFileSync(restartMarkIn(rig.runtimeDirectory), "");
  await rig.manager.startReady();
  assert.equal((await rig.settled()).generations[0]?.id, 2);
  assert.equal((await rig.ask()).version, "2");
  rig.release({ version: "3" });
  await rig.manager.kill9();
  await rig.manager.startReady();
  assert.equal((await rig.settled()).generations[0]?.id, 2);
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
});

test("a reexec ends the daemon as if to be started again, and starts no generation", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using load = rig.load();
  assert.ok((await rig.control.order("reexec")).ok);
  assert.deepEqual(await rig.manager.ended(), { code: 75, signal: null });
  await rig.manager.startReady();
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
});

test("a worker that crashes is replaced by one of the same version, whatever is on the disk by then", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  const before = rig.workers();
  rig.release({ version: "2" });
  await assert.rejects(rig.ask("/crash"));
  await rig.manager.waitFor("another worker", () => rig.workers().some((pid) => !before.includes(pid)));
  const { generations } = await rig.settled();
  assert.equal(generations[0]?.id, 1);
  assert.deepEqual(generations[0]?.workers.map(({ crashes }) => crashes).sort(), [0, 1]);
  for (let round = 0; round < 5; round++) assert.equal((await rig.ask()).version, "1");
  await balance(rig);
});

test("a worker that died while no daemon lived is replaced by the next", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  await rig.manager.kill9();
  const pidfd = rig.manager.store.entries.find(({ name }) => name === "holdfast.worker.1.0")?.fd;
  assert.ok(pidfd !== undefined);
  signalPidfd(pidfd, "SIGKILL");
  await rig.manager.startReady();
  const { generations } = await rig.settled();
  assert.deepEqual(
    generations.map(({ id, workers }) => [id, workers.length]),
    [[1, 2]],
  );
  await balance(rig);
});

const spoilings: readonly [what: string, spoil: (file: string) => void][] = [
  ["is lost", (file) => rmSync(file)],
  ["is cut", (file) => writeFileSync(file, readFileSync(file, "utf8").slice(0, 100))],
  ["is empty", (file) => writeFileSync(file, "")],
  ["is damaged", (file) => writeFileSync(file, readFileSync(file, "utf8").replace('"running"', '"drained"'))],
  ["is of a later version", (file) => writeFileSync(file, '{"format":999,"checksum":"","record":{}}')],
  ["is binary", (file) => writeFileSync(file, Buffer.alloc(4096, 0xff))],
];

test("a state file that cannot be used is set aside, and nothing stops serving", async (t) => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.upgrade();
  const { pid } = await rig.settled().then(() => rig.ask());
  await using load = rig.load();
  for (const [what, spoil] of spoilings) {
    await t.test(`one that ${what}`, async () => {
      // A daemon that is killed while it writes leaves half a file.
      await rig.tidyOrEnded();
      await rig.manager.kill9();
      spoil(stateFilePath(rig.stateDirectory));
      const aside = readdirSync(rig.stateDirectory).length;
      await rig.manager.startReady();
      assert.equal((await rig.settled()).generations[0]?.id, 2);
      assert.equal((await rig.ask()).pid, pid);
      assert.equal(readdirSync(rig.stateDirectory).length, aside + 1);
      await balance(rig);
    });
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("ours: with all evicted from the fd store the workers are found by pid and start time, with their listeners", async () => {
  await using rig = new Rig({ workers: 2 });
  const socket = `${rig.directory}/own.sock`;
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${socket}"\n`);
  await rig.manager.startReady();
  const { listeners } = rig.state();
  const workers = rig.workers();
  await using load = rig.load();
  await rig.manager.kill9();
  rig.manager.store.clear();
  await rig.manager.startReady();
  await rig.settled();
  assert.deepEqual(rig.workers(), workers);
  assert.deepEqual(
    rig.state().listeners.map(({ inode }) => inode),
    listeners.map(({ inode }) => inode),
  );
  await balance(rig);
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
});

test("a process that has got the pid of a worker that is gone is none of the daemon's, and is left alone", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.manager.kill9();
  const [worker = 0] = rig.workers();
  process.kill(worker, "SIGKILL");
  rig.manager.store.clear();
  // What the pid means from here on: another process, which has begun later.
  const stranger = spawn("sleep", ["60"]);
  try {
    const file = stateFilePath(rig.stateDirectory);
    const record = decodeRecord(readFileSync(file, "utf8"));
    assert.ok(record.ok);
    const reused = encodeRecord(record.value).replaceAll(`"pid":${worker},`, `"pid":${stranger.pid},`);
    const { checksum, record: content } = JSON.parse(reused);
    const sum = createHash("sha256").update(JSON.stringify(content)).digest("hex");
    writeFileSync(file, reused.replace(checksum, sum));
    assert.equal(rig.state().generations[0]?.workers[0]?.run.phase, "ready");
    await rig.manager.startReady();
    const { generations } = await rig.settled();
    assert.notEqual(generations[0]?.workers[0]?.pid, stranger.pid);
    assert.equal((await rig.ask()).generation, 1);
    await rig.manager.stop();
    assert.deepEqual([stranger.exitCode, stranger.signalCode], [null, null]);
  } finally {
    stranger.kill();
  }
});

test("without any state the workers whose pidfds came back serve until new ones do", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  await rig.upgrade();
  await rig.settled();
  const workers = rig.workers();
  await using load = rig.load();
  await rig.manager.kill9();
  rmSync(stateFilePath(rig.stateDirectory));
  rig.manager.store.remove("holdfast.state");
  await rig.manager.startReady();
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(
    workers.filter((pid) => rig.workers().includes(pid)),
    [],
  );
  await balance(rig);
});

test("with state and fd store both lost the service starts anew on the socket unit's listeners", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using load = rig.load();
  await rig.manager.kill9();
  rmSync(rig.stateDirectory, { recursive: true });
  rig.manager.store.clear();
  await rig.manager.startReady();
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("what a daemon did not live to hear of its workers' READY=1 reaches the next", async () => {
  await using rig = new Rig({ faulty: true });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  armFault(rig.directory, { what: "open-gate", at: 1, how: "stop" });
  const requested = await rig.control.request("upgrade");
  assert.ok(requested.ok);
  await rig.manager.waitFor("an answer of the new version", async () => (await rig.ask()).version === "2");
  await rig.manager.kill9();
  await rig.manager.startReady();
  assert.equal((await rig.settled()).generations[0]?.id, 2);
  await balance(rig);
});

test("after a reboot the service starts anew, counts on, and can still be rolled back", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await rig.upgrade();
  await rig.settled();
  const file = stateFilePath(rig.stateDirectory);
  rig.manager.signal("SIGKILL");
  await rig.manager.ended();
  for (const pid of rig.workers()) process.kill(pid, "SIGKILL");
  await rig.manager.waitFor("no worker", () => rig.workers().length === 0);
  rig.manager.store.clear();
  const record = decodeRecord(readFileSync(file, "utf8"));
  assert.ok(record.ok);
  writeFileSync(file, encodeRecord({ ...record.value, bootId: "the boot before" }));
  await rig.manager.startReady();
  assert.equal((await rig.settled()).generations[0]?.id, 3);
  assert.equal((await rig.upgrade("rollback")).failure, null);
  await rig.settled();
  assert.deepEqual(await rig.ask().then(({ generation, version }) => [generation, version]), [4, "1"]);
  await balance(rig);
});
