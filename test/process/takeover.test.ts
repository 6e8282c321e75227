import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { takeoverSocketIn } from "../../src/lib/directories.js";
import { armFault, disarmFault } from "../harness/process/fault.js";
import { KeptLoad } from "../harness/process/kept.js";
import { Rig } from "../harness/process/rig.js";
import { asRoot, elsewhere, isServing, notFirst, Taker } from "../harness/process/taker.js";

test("a daemon that may keep the workers takes everything from the one that serves, which exits", async () => {
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
    `${native ? "native" : "plain"} workers of another pid namespace serve until the new daemon's own do, and end`,
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

for (const [what, behaviour] of [
  ["crashes", { version: "2", boot: "crash" }],
  ["is never ready", { version: "2", boot: "silent" }],
] as const) {
  test(
    `a new daemon whose version ${what} gives everything back, and the old one serves on`,
    asRoot,
    async () => {
      await using rig = new Rig({ standalone: true, config: '[ready]\ntimeout = "2s"\n' });
      rig.manager.start();
      const { pid } = await rig.settled();
      const workers = rig.workers();
      await using load = rig.load();
      rig.release(behaviour);
      await using taker = new Taker(rig, elsewhere);
      assert.equal(await taker.exited, 78, taker.log);
      const after = await rig.settled();
      assert.equal(after.pid, pid);
      assert.match(after.reexecFailed?.message ?? "", /ended before it had taken over/);
      assert.deepEqual(rig.workers(), workers);
      rig.release({ version: "3" });
      assert.equal((await rig.upgrade()).failure, null);
      await load.stop();
      assert.deepEqual(load.failures, []);
    },
  );
}

for (const how of ["die-before", "die-after"] as const) {
  test(
    `the new daemon may ${how.replace("-", " ")} any effect until its own workers serve: the old one takes everything back`,
    asRoot,
    async (t) => {
      await using rig = new Rig({ standalone: true, faulty: true, native: true });
      rig.manager.start();
      const { pid } = await rig.settled();
      const workers = rig.workers();
      await using load = rig.load();
      rig.release({ version: "2" });
      const struck: string[] = [];
      for (;;) {
        armFault(rig.directory, { at: struck.length + 1, how, who: "new" });
        await using taker = new Taker(rig, [...elsewhere, ...notFirst]);
        await taker.exited;
        const effect = disarmFault(rig.directory) ?? "";
        assert.notEqual(effect, "", taker.log);
        struck.push(effect);
        // Since the commit is on disk there is no way back: the old workers serve until the new daemon is started again.
        if (rig.manager.log().includes("has taken over")) break;
        const back = await rig.settled();
        assert.deepEqual([back.pid, rig.workers()], [pid, workers], effect);
        // Native candidates stand by: they end with their namespace, and no client was with them.
        assert.deepEqual(load.failures, [], effect);
      }
      t.diagnostic(struck.join(", "));
      assert.ok(struck.includes("spawn") && struck.includes("open-gate"), struck.join(", "));
    },
  );
}

test("a daemon of another name, or that says something else, is refused, and the one that serves has not noticed", async () => {
  await using rig = new Rig({ standalone: true });
  await using other = new Rig({ standalone: true });
  rig.manager.start();
  await rig.settled();
  await using stranger = new Taker(other, [], takeoverSocketIn(rig.runtimeDirectory));
  assert.equal(await stranger.exited, 78);
  assert.match(stranger.log, /it refused: this is the service/);
  assert.equal((await rig.settled()).reexecFailed, null);
});

test("where nobody listens there is nothing to take over: the daemon starts as any first one", async () => {
  await using rig = new Rig({ standalone: true });
  rig.configure(`[listeners.own]\naddress = "unix:${rig.directory}/own.sock"\n`);
  await using taker = new Taker(rig, [], join(rig.directory, "nobody.sock"));
  await taker.until(rig, "the daemon", isServing);
  assert.match(taker.log, /nothing to take over/);
  writeFileSync(join(rig.directory, "done"), "");
});
