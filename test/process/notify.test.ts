import assert from "node:assert/strict";
import { existsSync, openSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sendDatagramWithFds } from "../../src/linux/datagram.js";
import { closeFd, duplicateFd } from "../../src/linux/fd.js";
import { stateFilePath } from "../../src/state/state-file.js";
import { balance } from "../harness/process/accounts.js";
import { KeptConnection } from "../harness/process/kept.js";
import { LingeringConnection } from "../harness/process/lingering-connection.js";
import { countFds } from "../harness/process/open-fds.js";
import { Rig } from "../harness/process/rig.js";

function pathOf(rig: Rig, worker: string): string {
  return join(rig.runtimeDirectory, "notify", worker);
}

/** Speaks for a worker as a process that has nothing to do with it. */
function say(rig: Rig, worker: string, text: string | Buffer, fds: readonly number[] = []): void {
  sendDatagramWithFds(pathOf(rig, worker), Buffer.from(text), fds);
}

/** Makes the process of worker 1.0 speak, at a path of its choice. */
function letSay(rig: Rig, text: string, path: string): Promise<unknown> {
  return rig.ask(`/notify?${encodeURIComponent(`${text}&${path}`)}`);
}

function untilStatus(rig: Rig, text: string): Promise<unknown> {
  return rig.until(`STATUS=${text}`, ({ generations }) => generations[0]?.workers[0]?.status === text);
}

/** Worker 2.0 of an upgrade runs, and does not say a word. */
function untilSilent(rig: Rig): Promise<unknown> {
  return rig.until(
    "a worker that starts",
    ({ generations }) => generations[1]?.workers[0]?.phase === "starting",
  );
}

test("READY=1 at a worker's path makes it ready, whichever process says so, and also while there is no daemon", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "silent" });
  assert.ok((await rig.control.request("upgrade")).ok);
  await untilSilent(rig);
  await rig.manager.kill9();
  say(rig, "2.0", "MAINPID=1\nREADY=1");
  await rig.manager.startReady();
  const { generations, notifyDropped } = await rig.settled();
  assert.deepEqual([generations[0]?.id, notifyDropped], [2, 0]);
  await balance(rig);
  assert.deepEqual(readdirSync(join(rig.runtimeDirectory, "notify")), ["2.0"]);
});

test("no worker speaks for another one", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  // On a new connection the other worker could answer, which accepts although it does not say so.
  const connection = await KeptConnection.open(rig.port);
  await rig.ask();
  rig.release({ version: "2", boot: "silent" });
  const upgrade = rig.upgrade();
  await untilSilent(rig);
  await connection.exchange(`/notify?${encodeURIComponent(`READY=1&${pathOf(rig, "2.0")}`)}`);
  const { generations } = await rig.until("it to be dropped", ({ notifyDropped }) => notifyDropped === 1);
  assert.equal(generations[1]?.workers[0]?.phase, "starting");
  say(rig, "2.0", "READY=1");
  assert.equal((await upgrade).failure, null);
});

test("a connection that lingers when it is closed, sent along, does not hold the daemon up", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using connection = await LingeringConnection.open();
  say(rig, "1.0", "STATUS=sent", [connection.fd]);
  closeFd(connection.fd);
  await untilStatus(rig, "sent");
  assert.equal((await rig.upgrade()).failure, null);
});

test("what is no message is counted and dropped, be it garbage, huge, with fds or a flood", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.settled();
  await using load = rig.load();
  const before = countFds(rig.manager.pid);
  const file = openSync("/dev/null", "r");
  const messages = ["=", "nonsense", "\0\0", Buffer.alloc(60_000, 0xff)];
  for (const message of messages) say(rig, "1.0", message, [file]);
  for (let count = messages.length; count < 2_000; count++) say(rig, "1.0", `flood ${count}`);
  closeFd(file);
  await rig.until("all counted", ({ notifyDropped }) => notifyDropped === 2_000);
  await rig.manager.waitFor("as many fds as before", () => countFds(rig.manager.pid) <= before);
  const { generations, lifecycle } = await rig.settled();
  assert.deepEqual([lifecycle, generations[0]?.id, generations[0]?.workers[0]?.status], ["running", 1, null]);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("of a worker STATUS is shown, and MAINPID is not followed", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const own = pathOf(rig, "1.0");
  await letSay(rig, "MAINPID=1\nSTATUS=12 clients\nX_UNKNOWN=1", own);
  await untilStatus(rig, "12 clients");
  await letSay(rig, "STATUS=\u001b[31mred\nERRNO=5", own);
  await untilStatus(rig, " [31mred (errno 5)");
  assert.ok(!rig.manager.messages.includes("MAINPID=1"));
});

test("a socket that was lost with the fd store is opened again at its path", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.manager.kill9();
  rig.manager.store.clear();
  await rig.manager.startReady();
  await letSay(rig, "STATUS=still heard", pathOf(rig, "1.0"));
  await untilStatus(rig, "still heard");
});

test("workers of a daemon that had one socket for all are heard on it until they end, by their ancestry", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.manager.kill9();
  const common = join(rig.runtimeDirectory, "notify.sock");
  const { store } = rig.manager;
  const own = store.entries.find(({ name }) => name === "holdfast.notify.1.0");
  assert.ok(own !== undefined);
  const fd = duplicateFd(own.fd);
  store.remove(own.name);
  store.add("holdfast.notify", fd);
  renameSync(pathOf(rig, "1.0"), common);
  await rig.manager.startReady();
  await letSay(rig, "STATUS=as ever", common);
  await untilStatus(rig, "as ever");
  sendDatagramWithFds(common, Buffer.from("STATUS=of a stranger"), []);
  await rig.until("the stranger's dropped", ({ notifyDropped }) => notifyDropped === 1);
  await rig.manager.kill9();
  await rig.manager.startReady();
  await letSay(rig, "STATUS=after another daemon", common);
  await untilStatus(rig, "after another daemon");
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  await balance(rig);
  assert.equal(existsSync(common), false);
});

test("STATUS= waits for no disk, and outlives the daemon", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.settled();
  const file = stateFilePath(rig.stateDirectory);
  const before = readFileSync(file, "utf8");
  for (let count = 1; count <= 200; count += 1) say(rig, "1.0", `STATUS=${count} clients`);
  await untilStatus(rig, "200 clients");
  assert.equal(readFileSync(file, "utf8"), before);
  await rig.manager.kill9();
  await rig.manager.startReady();
  await untilStatus(rig, "200 clients");
});
