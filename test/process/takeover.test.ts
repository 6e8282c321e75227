import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertAlone } from "../harness/process/alone.js";
import { KeptLoad } from "../harness/process/kept.js";
import { ask } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";
import { asRoot, elsewhere, isServing, Taker } from "../harness/process/taker.js";

test("MOSN: a daemon that may keep the workers takes everything, 151 listeners, from the one that serves, which exits", async () => {
  await using rig = new Rig({ standalone: true, workers: 2 });
  const many = Array.from(
    { length: 150 },
    (_, n) => `[listeners.l${n}]\naddress = "unix:${rig.directory}/${n}.sock"\n`,
  );
  rig.configure(`[listeners.http]\n${many.join("")}`);
  rig.manager.start();
  await rig.settled();
  const workers = rig.workers();
  await using load = rig.load();
  await using taker = new Taker(rig);
  const status = await taker.until(rig, "the next daemon", isServing);
  assert.equal((await rig.manager.ended()).code, 0);
  assert.equal(status.listeners.length, 151);
  assert.equal(status.generations[0]?.id, 1);
  assert.deepEqual(rig.workers(), workers);
  rig.release({ version: "2" });
  const requested = await taker.control.request("upgrade");
  assert.ok(requested.ok, requested.ok ? "" : `${requested.failure.message}\n${taker.log}`);
  await taker.until(rig, "the upgrade", (now) => isServing(now) && now.generations[0]?.id === 2);
  assert.equal((await rig.ask()).version, "2");
  await load.stop();
  assert.deepEqual(load.failures, []);
});

for (const native of [false, true]) {
  test(
    `${native ? "MOSN: live connections move, and native" : "Envoy: plain"} workers of another pid namespace serve until the new daemon's own do, and end`,
    asRoot,
    async () => {
      await using rig = new Rig({ standalone: true, workers: 2, native });
      rig.manager.start();
      await rig.settled();
      const workers = rig.workers();
      await using load = rig.load();
      await using kept = await KeptLoad.open(rig.port, native ? 20 : 0);
      rig.release({ version: "2" });
      await using taker = new Taker(rig, elsewhere);
      const status = await taker.until(rig, "the next daemon", isServing);
      assert.equal((await rig.manager.ended()).code, 0);
      assert.equal(status.generations[0]?.id, 2);
      assert.equal((await rig.ask()).version, "2");
      assert.ok(rig.workers().every((pid) => !workers.includes(pid)));
      await kept.stop();
      assert.deepEqual(kept.failures, []);
      await load.stop();
      assert.deepEqual(load.failures, []);
    },
  );
}

test(
  "the old daemon ends when its drain is over, with workers that will not: they are killed by the new one's order",
  asRoot,
  async () => {
    await using rig = new Rig({
      standalone: true,
      workers: 2,
      config: '[drain]\ntimeout = "300ms"\nkill = "300ms"\n',
    });
    rig.release({ version: "1", term: "stay" });
    rig.manager.start();
    await rig.settled();
    const stubborn = rig.workers();
    await using load = rig.load();
    rig.release({ version: "2" });
    await using taker = new Taker(rig, elsewhere);
    const status = await taker.until(rig, "the next daemon", isServing);
    assert.equal((await rig.manager.ended()).code, 0);
    assert.ok(rig.workers().every((pid) => !stubborn.includes(pid)));
    await assertAlone(rig, rig.daemons()[0] ?? 0, status, taker.runtimeDirectory);
    await load.stop();
    assert.deepEqual(load.failures, []);
  },
);

for (const [what, behaviour] of [
  ["crashes", { version: "2", boot: "crash" }],
  ["is never ready", { version: "2", boot: "silent" }],
] as const) {
  test(
    `Envoy: a new daemon whose version ${what} gives everything back, and the old one serves on`,
    asRoot,
    async () => {
      await using rig = new Rig({ standalone: true });
      rig.manager.start();
      const { pid } = await rig.settled();
      rig.configure('[ready]\ntimeout = "2s"\n');
      const workers = rig.workers();
      await using load = rig.load();
      rig.release(behaviour);
      await using taker = new Taker(rig, elsewhere);
      assert.equal(await taker.exited, 78, taker.log);
      const after = await rig.settled();
      assert.equal(after.pid, pid);
      assert.match(after.reexecFailed?.message ?? "", /ended before it had taken over/);
      assert.deepEqual(rig.workers(), workers);
      rig.configure();
      rig.release({ version: "3" });
      assert.equal((await rig.upgrade()).failure, null);
      await load.stop();
      assert.deepEqual(load.failures, []);
    },
  );
}

test(
  "a hundred unix sockets more go to another container with the rest, and each is served there",
  asRoot,
  async () => {
    await using rig = new Rig({ standalone: true, native: true });
    const paths = Array.from({ length: 120 }, (_, n) => join(rig.directory, `${n}.sock`));
    const tables = paths.map((path, n) => `[listeners.l${n}]\naddress = "unix:${path}"\n`);
    rig.configure(`[listeners.http]\n${tables.join("")}`);
    rig.manager.start();
    await rig.settled();
    await using load = rig.load();
    rig.release({ version: "2" });
    await using taker = new Taker(rig, elsewhere);
    const status = await taker.until(rig, "the next daemon", isServing);
    assert.equal(status.listeners.length, 121);
    assert.equal((await rig.manager.ended()).code, 0);
    for (const socketPath of paths) assert.equal((await ask({ socketPath })).version, "2");
    const [pid = 0] = rig.daemons();
    await assertAlone(rig, pid, status, taker.runtimeDirectory);
    await load.stop();
    assert.deepEqual(load.failures, []);
  },
);

test("Envoy: where no predecessor listens there is nothing to take over: the daemon starts as any first one", async () => {
  await using rig = new Rig({ standalone: true });
  rig.configure(`[listeners.own]\naddress = "unix:${rig.directory}/own.sock"\n`);
  await using taker = new Taker(rig, [], join(rig.directory, "nobody.sock"));
  await taker.until(rig, "the daemon", isServing);
  assert.match(taker.log, /nothing to take over/);
  writeFileSync(join(rig.directory, "done"), "");
});
