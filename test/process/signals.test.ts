import assert from "node:assert/strict";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { balance } from "../harness/process/accounts.js";
import { Rig } from "../harness/process/rig.js";

test("SIGHUP upgrades", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  rig.manager.signal("SIGHUP");
  await rig.until("the next generation", ({ generations }) => generations.at(-1)?.id === 2);
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
});

test("SIGUSR2 leaves the workers to the next daemon", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const workers = rig.workers();
  rig.manager.signal("SIGUSR2");
  assert.equal((await rig.manager.ended()).code, 75);
  await rig.manager.startReady();
  await rig.settled();
  assert.deepEqual(rig.workers(), workers);
});

for (const signal of ["SIGTERM", "SIGQUIT"] as const) {
  test(`${signal} drains the workers, lets a request finish, takes them and the listeners from the store and exits 0`, async () => {
    await using rig = new Rig({ workers: 2 });
    await rig.manager.startReady();
    const gate = join(rig.directory, "gate");
    const held = rig.ask(`/hold?${gate}`);
    await rig.ask();
    rig.manager.signal(signal);
    await rig.manager.waitFor("STOPPING=1", () => rig.manager.messages.includes("STOPPING=1"));
    writeFileSync(gate, "");
    assert.equal((await held).generation, 1);
    assert.deepEqual(await rig.manager.ended(), { code: 0, signal: null });
    assert.deepEqual(rig.workers(), []);
    // Its own two go with the unit's store; without a worker they hold nothing open.
    const own = ["holdfast.control", "holdfast.state"];
    await rig.manager.waitFor("nothing else in the store", () =>
      isDeepStrictEqual(rig.manager.store.names, own),
    );
    rig.manager.store.clear();
    await rig.manager.startReady();
    assert.equal((await rig.settled()).generations[0]?.workers.length, 2);
  });
}

test("SIGINT ends requests that do not end by themselves", async () => {
  await using rig = new Rig({ config: '[drain]\ntimeout = "10min"\nkill = "100ms"\n' });
  await rig.manager.startReady();
  const held = assert.rejects(rig.ask("/hold?/nowhere"));
  await rig.ask();
  rig.manager.signal("SIGINT");
  assert.deepEqual(await rig.manager.ended(), { code: 0, signal: null });
  await held;
  assert.deepEqual(rig.workers(), []);
});

test("SIGINT after SIGTERM does not wait any longer", async () => {
  await using rig = new Rig({ config: '[drain]\ntimeout = "10min"\nkill = "100ms"\n' });
  rig.release({ version: "1", term: "ignore" });
  await rig.manager.startReady();
  rig.manager.signal("SIGTERM");
  await rig.manager.waitFor("STOPPING=1", () => rig.manager.messages.includes("STOPPING=1"));
  rig.manager.signal("SIGINT");
  assert.deepEqual(await rig.manager.ended(), { code: 0, signal: null });
  assert.deepEqual(rig.workers(), []);
});

test("SIGWINCH ends the workers and keeps the listeners: clients wait until SIGHUP brings workers back", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.manager.signal("SIGWINCH");
  await rig.until(
    "no generation",
    ({ lifecycle, generations }) => lifecycle === "drained" && generations.length === 0,
  );
  assert.deepEqual(rig.workers(), []);
  await balance(rig);
  const waiting = rig.ask();
  await rig.manager.kill9();
  await rig.manager.startReady();
  assert.equal((await rig.status()).lifecycle, "drained");
  rig.manager.signal("SIGHUP");
  assert.equal((await waiting).generation, 2);
  await rig.settled();
});

test("SIGUSR1 opens the log anew", async () => {
  await using rig = new Rig({ logFile: true });
  await rig.manager.startReady();
  const log = join(rig.directory, "holdfast.log");
  await rig.manager.waitFor("the log", () => existsSync(log));
  renameSync(log, `${log}.1`);
  rig.manager.signal("SIGUSR1");
  await rig.manager.waitFor("a new log", () => existsSync(log));
});
