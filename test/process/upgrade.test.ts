import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createControlClient } from "../../src/control/client.js";
import { controlSocketIn } from "../../src/lib/directories.js";
import { monotonicMs } from "../../src/linux/boot.js";
import { balance } from "../harness/process/accounts.js";
import { armFault } from "../harness/process/fault.js";
import { checkUntil } from "../harness/process/held-check.js";
import { countFds } from "../harness/process/open-fds.js";
import { isStopped } from "../harness/process/own-processes.js";
import { Rig } from "../harness/process/rig.js";

test("an upgrade brings the new version without failing a request", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  await using load = rig.load();
  rig.release({ version: "2" });
  const outcome = await rig.upgrade();
  assert.equal(outcome.failure, null);
  assert.equal(outcome.generation, 2);
  await rig.settled();
  assert.deepEqual(await rig.ask().then(({ generation, version }) => [generation, version]), [2, "2"]);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.ok(load.answered > 0);
  await balance(rig);
});

test("the manager hears of an upgrade: RELOADING=1 with the time, READY=1 and STATUS=", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.manager.messages.length = 0;
  await rig.upgrade();
  const { messages } = rig.manager;
  await rig.manager.waitFor("READY=1 after RELOADING=1", () => messages.includes("READY=1"));
  const reloading = messages.indexOf("RELOADING=1");
  assert.ok(reloading >= 0 && reloading < messages.indexOf("READY=1"), messages.join("\n"));
  assert.match(messages[reloading + 1] ?? "", /^MONOTONIC_USEC=\d+$/);
  assert.match(rig.manager.status, /^generation 2, 1 worker ready/);
});

test("a daemon that stood still past ready.timeout hears first what its workers have said meanwhile", async () => {
  await using rig = new Rig({ faulty: true });
  await rig.manager.startReady();
  rig.configure('[ready]\ntimeout = "3s"\n');
  rig.release({ version: "2" });
  armFault(rig.directory, { what: "open-gate", at: 1, how: "stop" });
  const asked = rig.upgrade();
  await rig.manager.waitFor("it to stand still", () => isStopped(rig.manager.pid));
  const stage = rig.state().generations[1]?.stage;
  assert.ok(stage?.phase === "candidate" && stage.deadline !== null);
  const { deadline } = stage;
  // It says so before it answers.
  await rig.manager.waitFor("it to be ready", async () => (await rig.ask()).generation === 2);
  await rig.manager.waitFor("the deadline to pass", () => monotonicMs() > deadline);
  rig.manager.signal("SIGCONT");
  assert.equal((await asked).failure, null);
  await rig.settled();
  await balance(rig);
});

test("a request that is under way when the upgrade commits is finished by the old generation", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const held = rig.ask(`/hold?${gate}`);
  // Answered after it, so the held one has been accepted.
  await rig.ask();
  assert.equal((await rig.upgrade()).failure, null);
  await rig.manager.waitFor(
    "the old worker to stop accepting",
    async () => (await rig.ask()).generation === 2,
  );
  const { generations } = await rig.status();
  assert.deepEqual(
    generations.map(({ id, phase }) => [id, phase]),
    [
      [1, "draining"],
      [2, "active"],
    ],
  );
  writeFileSync(gate, "");
  assert.equal((await held).generation, 1);
  await rig.settled();
});

test("a program that does not drain at SIGTERM is asked by the signal of drain.signal, also by the next daemon", async () => {
  await using rig = new Rig({ config: '[drain]\ntimeout = "10min"\nsignal = "SIGQUIT"\n' });
  rig.release({ version: "1", signal: "SIGQUIT" });
  await rig.manager.startReady();
  await rig.manager.kill9();
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const held = rig.ask(`/hold?${gate}`);
  await rig.ask();
  assert.equal((await rig.upgrade()).failure, null);
  await rig.until("the old one to drain", ({ generations }) => generations[0]?.phase === "draining");
  writeFileSync(gate, "");
  assert.equal((await held).generation, 1);
  await rig.settled();
});

test("a rollback brings back what ran before, although the disk holds the new", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await rig.upgrade();
  assert.equal((await rig.upgrade("rollback")).failure, null);
  await rig.settled();
  assert.deepEqual(await rig.ask().then(({ generation, version }) => [generation, version]), [3, "1"]);
});

test("a rollback passes over restarts of the same release", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await rig.upgrade();
  await rig.manager.kill9();
  await rig.manager.startReady();
  await rig.upgrade();
  assert.equal((await rig.upgrade("rollback")).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
});

test("tableflip: upgrades asked for at once are one that runs and one that waits", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  rig.configure(checkUntil(gate));
  let accepted = 0;
  // The first one is not to have ended when the last one is asked for.
  const onAccepted = (): void => {
    accepted += 1;
    if (accepted === 5) rig.openGate(gate);
  };
  const following = { onAccepted, onNews() {}, signal: AbortSignal.timeout(30_000) };
  const followed = await Promise.all(
    Array.from({ length: 5 }, () => rig.control.follow("upgrade", following)),
  );
  const outcomes = followed.flatMap((one) => (one.ok ? [one.value] : []));
  assert.deepEqual(
    outcomes.map(({ failure }) => failure),
    [null, null, null, null, null],
  );
  assert.deepEqual([...new Set(outcomes.map(({ generation }) => generation))].sort(), [2, 3]);
  await rig.settled();
});

test("einhorn: workers that ignore SIGTERM are killed when the drain's time is over", async () => {
  await using rig = new Rig({ config: '[drain]\ntimeout = "300ms"\nkill = "200ms"\n' });
  rig.release({ version: "1", term: "ignore" });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  await balance(rig);
});

test("sozu, unicorn: ten upgrades in a row fail no request and leave no fd and no process behind", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using load = rig.load();
  await rig.upgrade();
  await rig.settled();
  const before = countFds(rig.manager.pid);
  for (let round = 0; round < 10; round++) assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
  await rig.manager.waitFor("as many fds as before", () => countFds(rig.manager.pid) <= before);
});

test("a daemon that stood still does not do later what a client has given up asking for", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.manager.signal("SIGSTOP");
  const impatient = createControlClient({
    socketPath: controlSocketIn(rig.runtimeDirectory),
    timeoutMs: 200,
  });
  for (const asked of [await impatient.request("upgrade"), await impatient.order("stop")]) {
    assert.ok(!asked.ok && asked.failure.reason === "timeout");
  }
  rig.manager.signal("SIGCONT");
  assert.equal((await rig.upgrade()).upgrade, 2);
  await rig.settled();
  assert.equal(rig.state().nextUpgrade, 3);
});
