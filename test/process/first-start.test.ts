import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../harness/process/accounts.js";
import { countSocketFds } from "../harness/process/open-fds.js";
import { freePort } from "../harness/process/ports.js";
import { ask } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";

function isReady({ manager }: Rig): boolean {
  return manager.messages.includes("READY=1");
}

test("a first start that fails is tried again with the socket unit's listener, until the app can start", async () => {
  await using rig = new Rig({ config: "[listeners.http]\n" });
  rig.release({ version: "1", boot: "crash" });
  for (let round = 0; round < 3; round++) {
    rig.manager.start();
    assert.equal((await rig.manager.ended()).code, 1);
    assert.match(rig.manager.status, /exited with status 3/);
  }
  const waiting = rig.ask();
  rig.release({ version: "2" });
  await rig.manager.startReady();
  assert.equal((await waiting).version, "2");
  await rig.settled();
  assert.equal(rig.state().failedStart, null);
  await balance(rig);
});

test("after a stop a start that fails is tried again, too", async () => {
  // In place, so that what ran last cannot be started instead: it wants the same database.
  await using rig = new Rig({ config: "[listeners.http]\n", inPlace: true });
  await rig.manager.startReady();
  await rig.manager.stop();
  rig.release({ version: "1", boot: "crash" });
  for (let round = 0; round < 3; round++) {
    rig.manager.start();
    assert.equal((await rig.manager.ended()).code, 1);
    assert.match(rig.manager.status, /exited with status 3/);
  }
  rig.release({ version: "1" });
  await rig.manager.startReady();
  assert.equal((await rig.ask()).version, "1");
});

test("a daemon that waits to start again says why, is told to upgrade at once, and stops at once", async () => {
  await using rig = new Rig({ config: "[listeners.http]\n" });
  rig.release({ version: "1", boot: "crash" });
  for (let round = 0; round < 7; round++) {
    rig.manager.start();
    await rig.manager.ended();
  }
  rig.manager.start();
  const { degraded, generations } = await rig.until("an answer", () => true);
  assert.match(degraded ?? "", /7 starts failed.*exited with status 3/);
  assert.deepEqual(generations, []);
  assert.match(rig.manager.status, /exited with status 3/);
  await rig.manager.kill9();
  rig.manager.start();
  await rig.until("an answer", () => true);
  assert.equal(rig.state().failedStart?.count, 7);
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.manager.waitFor("READY=1", () => isReady(rig));
  assert.equal((await rig.ask()).version, "2");
  assert.equal((await rig.manager.stop()).code, 0);
});

test("a wrong config is an end with 78 each time, and while a client waits one after a pause, until it is right", async () => {
  await using rig = new Rig({ config: "[listeners.missing]\n" });
  for (let round = 0; round < 5; round++) {
    rig.manager.start();
    assert.equal((await rig.manager.ended()).code, 78);
  }
  const waiting = rig.ask();
  await startWaiting(rig);
  rig.configure("[listeners.http]\n");
  await rig.manager.waitFor("READY=1", () => isReady(rig));
  assert.equal((await waiting).generation, 1);
});

test("a service that is told to end refuses clients at its own listener at once, while it answers its last requests", async () => {
  await using rig = new Rig();
  const port = freePort();
  const gate = join(rig.directory, "gate");
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "127.0.0.1:${port}"\n`);
  await rig.manager.startReady();
  const last = ask({ port }, `/hold?${gate}`);
  assert.equal((await ask({ port })).generation, 1);
  rig.manager.signal("SIGTERM");
  await rig.manager.waitFor("the port to be closed", () => isRefused(port));
  assert.equal(rig.manager.exit, undefined);
  rig.openGate(gate);
  assert.equal((await last).generation, 1);
  assert.deepEqual(await rig.manager.ended(), { code: 0, signal: null });
});

test("what a socket unit holds waits for the next start, whether it comes when the last one ends or after", async () => {
  await using rig = new Rig();
  const gate = join(rig.directory, "gate");
  await rig.manager.startReady();
  const last = rig.ask(`/hold?${gate}`);
  await rig.ask();
  rig.manager.signal("SIGTERM");
  const [{ inode } = { inode: "" }] = rig.state().listeners;
  const [worker = 0] = rig.workers();
  await rig.manager.waitFor("nobody to accept any more", () => countSocketFds(worker, inode) === 0);
  const early = rig.ask();
  rig.openGate(gate);
  await last;
  await rig.manager.ended();
  rig.manager.store.clear();
  const late = rig.ask();
  await rig.manager.startReady();
  assert.deepEqual([(await early).generation, (await late).generation], [2, 2]);
});

/** Starts daemons until one waits: one that comes when the pause is over tries at once, and the next pause is twice as long. */
async function startWaiting(rig: Rig): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const tried = rig.state().outcomes.at(-1)?.upgrade;
    rig.manager.start();
    const seen = await rig.manager.waitFor("a daemon that waits, or its end", async () => {
      const status = await Promise.race([rig.control.status(), rig.manager.exited]);
      if (status?.ok && /it is tried again soon/.test(status.value.summary)) return status.value;
      return rig.manager.exit;
    });
    if ("code" in seen) continue;
    assert.equal(seen.lastUpgrade?.upgrade, tried);
    return;
  }
  assert.fail("no daemon waits");
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.on("connect", () => socket.destroy());
    socket.on("error", () => resolve(true));
    socket.on("close", () => resolve(false));
  });
}
