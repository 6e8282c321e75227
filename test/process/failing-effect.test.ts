import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { balance } from "../harness/process/accounts.js";
import { armFault, disarmFault, wasStruck } from "../harness/process/fault.js";
import { Rig } from "../harness/process/rig.js";
import { upgradeUnderFaults } from "../harness/process/strike.js";

test("any effect of an upgrade may fail: it serves on, and nothing is left over", async (t) => {
  t.diagnostic(await upgradeUnderFaults("fail"));
});

test("any effect of an upgrade may throw, at once or later: it serves on, and nothing is left over", async (t) => {
  t.diagnostic(await upgradeUnderFaults("throw"));
});

for (const [what, how] of [
  ["clock", "throw"],
  ["check", "stray"],
] as const) {
  test(`a fault of the daemon itself (${what}, ${how}) fails the upgrade; the daemon lives, the workers serve on, and the next upgrade works`, async () => {
    await using rig = new Rig({ faulty: true });
    rig.configure('check = ["sleep", "0.2"]\n');
    await rig.manager.startReady();
    const { pid } = await rig.status();
    const [worker] = (await rig.status()).generations[0]?.workers ?? [];
    armFault(rig.directory, { what, at: 2 - Number(what === "check"), how });
    const { failure } = await rig.upgrade();
    assert.equal(disarmFault(rig.directory), what);
    assert.equal(failure?.reason, "daemon-fault");
    const { generations } = await rig.settled();
    assert.deepEqual(
      generations.flatMap(({ workers }) => workers.map((one) => one.pid)),
      [worker?.pid],
    );
    assert.equal((await rig.upgrade()).failure, null);
    assert.equal((await rig.settled()).pid, pid);
    await balance(rig);
  });
}

test("a fault between the opening of a unix socket and the state that knows it leaves no file of that socket", async () => {
  await using rig = new Rig({ faulty: true });
  await rig.manager.startReady();
  let opened = 0;
  // The first would be that of the request itself.
  for (let at = 2; at <= 4; at++) {
    const path = join(rig.directory, `own-${at}.sock`);
    rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${path}"\n`);
    armFault(rig.directory, { what: "persist", at, how: "throw" });
    await rig.upgrade();
    assert.equal(disarmFault(rig.directory), "persist");
    const { listeners } = await rig.settled();
    const isHeld = listeners.some(({ address }) => address === `unix:${path}`);
    assert.equal(existsSync(path), isHeld, `fault ${at}`);
    if (!isHeld) opened += 1;
  }
  assert.ok(opened > 0, "no fault came in time");
});

test("after a fault of the daemon nobody asks any more whether a worker is ready that has gone", async () => {
  await using rig = new Rig({ faulty: true });
  const [asked, notReady] = [join(rig.directory, "asked"), join(rig.directory, "not-ready")];
  const countAsked = () => readFileSync(asked, "utf8").length;
  const command = `printf x >>${asked}; test ! -e ${notReady}`;
  rig.configure(`[ready]\ncommand = ["/bin/sh", "-c", "${command}"]\ntimeout = "30s"\n`);
  await rig.manager.startReady();
  writeFileSync(notReady, "");
  const before = countAsked();
  for (const pid of rig.workers()) process.kill(pid, "SIGKILL");
  await rig.manager.waitFor("a question about the next worker", () => countAsked() > before);
  armFault(rig.directory, { what: "clock", at: 1, how: "throw" });
  await rig.control.request("upgrade");
  await rig.manager.waitFor("the fault", () => wasStruck(rig.directory));
  disarmFault(rig.directory);
  assert.ok((await rig.control.order("drain")).ok);
  await rig.until("the end of all workers", ({ generations }) => generations.length === 0);
  await rig.manager.waitFor("the end of a question under way", () => rig.processes().length === 1);
  const after = countAsked();
  await pause(1_000);
  assert.equal(countAsked(), after);
});
