import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { test } from "node:test";
import { sendDatagramWithFds } from "../../src/linux/datagram.js";
import { closeFd } from "../../src/linux/fd.js";
import { countFds } from "../harness/process/open-fds.js";
import { Rig } from "../harness/process/rig.js";

function say(rig: Rig, text: string | Buffer, fds: readonly number[] = []): void {
  sendDatagramWithFds(`${rig.runtimeDirectory}/notify.sock`, Buffer.from(text), fds);
}

test("READY=1 of a process that is no worker makes nothing ready", async () => {
  await using rig = new Rig({ config: '[ready]\ntimeout = "1s"\n' });
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "silent" });
  const upgrade = rig.upgrade();
  await rig.until(
    "a worker that starts",
    ({ generations }) => generations.at(-1)?.workers[0]?.phase === "starting",
  );
  say(rig, "READY=1");
  assert.equal((await upgrade).failure?.reason, "start-timeout");
  assert.equal((await rig.status()).notifyDropped, 1);
});

test("what strangers send is counted and dropped, be it garbage, huge, with fds or a flood", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using load = rig.load();
  const before = countFds(rig.manager.pid);
  const file = openSync("/dev/null", "r");
  const messages = ["READY=1", "MAINPID=1", "STOPPING=1", "=", "\n\n", "\0\0", Buffer.alloc(60_000, 0xff)];
  for (const message of messages) say(rig, message, [file]);
  for (let count = messages.length; count < 2_000; count++) say(rig, `STATUS=flood ${count}`);
  closeFd(file);
  await rig.until("all counted", ({ notifyDropped }) => notifyDropped === 2_000);
  await rig.manager.waitFor("as many fds as before", () => countFds(rig.manager.pid) === before);
  const { generations, lifecycle } = await rig.settled();
  assert.deepEqual([lifecycle, generations[0]?.id, generations[0]?.workers[0]?.status], ["running", 1, null]);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("of a worker STATUS is shown, MAINPID refused, and what is no message dropped", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.ask(`/notify?${encodeURIComponent("STATUS=12 clients\nX_UNKNOWN=1")}`);
  await rig.until("the status", ({ generations }) => generations[0]?.workers[0]?.status === "12 clients");
  await rig.ask(`/notify?${encodeURIComponent("MAINPID=1")}`);
  await rig.ask(`/notify?${encodeURIComponent("no message")}`);
  await rig.until("both counted", ({ notifyDropped }) => notifyDropped === 2);
  await rig.ask(`/notify?${encodeURIComponent("STATUS=\u001b[31mred\nERRNO=5")}`);
  await rig.until(
    "an error",
    ({ generations }) => generations[0]?.workers[0]?.status === " [31mred (errno 5)",
  );
  assert.ok(!rig.manager.messages.includes("MAINPID=1"));
});
