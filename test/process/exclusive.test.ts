import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../harness/process/accounts.js";
import { Rig } from "../harness/process/rig.js";
import { upgradeUnderFaults } from "../harness/process/strike.js";
import { judgedTables, untilProof } from "../harness/process/trials.js";

test("a plain app that holds a lock is upgraded and rolled back with exclusive; clients wait, and lose nothing", async () => {
  await using rig = new Rig({ exclusive: true, locked: true });
  await rig.manager.startReady();
  await using load = rig.load();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await rig.ask()).version, "2");
  assert.equal((await rig.upgrade("rollback")).failure, null);
  assert.equal((await rig.ask()).version, "1");
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
});

test("it does not start before the last request of the one before is answered", async () => {
  await using rig = new Rig({ exclusive: true, locked: true });
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const held = rig.ask(`/hold?${gate}`);
  await rig.ask();
  rig.release({ version: "2" });
  const upgrade = rig.upgrade();
  await rig.until("the first to drain", ({ generations }) => generations[0]?.phase === "draining");
  const waiting = rig.ask();
  await rig.until("the daemon to see who waits", ({ accounts }) => (accounts[0]?.witness?.stillMs ?? 0) > 0);
  writeFileSync(gate, "");
  assert.equal((await held).version, "1");
  assert.equal((await waiting).version, "2");
  assert.equal((await upgrade).failure, null);
  const history = await rig.control.history();
  const account = history.ok ? history.value.at(-1)?.account : undefined;
  assert.equal(account?.witness?.backlogs[0]?.queued, 1);
  const names = account?.phases.map(({ phase }) => phase);
  assert.deepEqual(names, ["prepare", "copy", "step-aside", "start", "ready"]);
});

for (const [what, boot, reason, config] of [
  ["crashes at boot", "crash", "worker-exited", ""],
  ["is never ready", "silent", "start-timeout", '[ready]\ntimeout = "1s"\n'],
] as const) {
  test(`a version that ${what} gives the lock back to the one before`, async () => {
    await using rig = new Rig({ exclusive: true, locked: true });
    await rig.manager.startReady();
    // Not that of the version before, which may need longer to start again.
    rig.configure(config);
    await using load = rig.load();
    rig.release({ version: "2", boot });
    assert.equal((await rig.upgrade()).failure?.reason, reason);
    await rig.until("what ran before", ({ generations }) => generations.at(-1)?.phase === "active");
    await rig.settled();
    assert.equal((await rig.ask()).version, "1");
    await load.stop();
    assert.deepEqual(load.failures, []);
    await balance(rig);
  });
}

test("a version that is found bad after it has started gives the lock back, too", async () => {
  await using rig = new Rig({ exclusive: true, locked: true });
  await rig.manager.startReady();
  await using load = rig.load();
  const gate = join(rig.directory, "gate");
  const script = `until [ -e ${gate} ]; do sleep 0.05; done; exit 1`;
  rig.configure(
    judgedTables({
      trial: "3s",
      probation: "10m",
      judge: `command = ["/bin/sh", "-c", ${JSON.stringify(script)}]`,
    }),
  );
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await untilProof(rig, "probation");
  writeFileSync(gate, "");
  await rig.until("the way back", ({ rolledBack }) => rolledBack !== null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
  await load.stop();
  assert.deepEqual(load.failures, []);
});

for (const how of ["die-before", "die-after"] as const) {
  test(`a daemon may ${how.replace("-", " ")} any effect of an upgrade of one that holds a lock`, async (t) => {
    t.diagnostic(await upgradeUnderFaults(how, { exclusive: true }));
  });
}
