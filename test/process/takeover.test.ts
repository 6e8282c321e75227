import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { takeoverSocketIn } from "../../src/lib/directories.js";
import { assertAlone } from "../harness/process/alone.js";
import { armFault, disarmFault } from "../harness/process/fault.js";
import { KeptLoad } from "../harness/process/kept.js";
import { ask } from "../harness/process/requests.js";
import { futureDaemon, install, presentDaemon, Rig } from "../harness/process/rig.js";
import { asRoot, elsewhere, isServing, notFirst, Taker } from "../harness/process/taker.js";

const askForEverything = fileURLToPath(new URL("../harness/process/ask-for-everything.js", import.meta.url));

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
    rig.release({ version: "1", term: "ignore" });
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
    `MOSN: the receiver may ${how.replace("-", " ")} any effect until its own workers serve: the old one takes everything back`,
    asRoot,
    async (t) => {
      await using rig = new Rig({ standalone: true, faulty: true, native: true });
      rig.manager.start();
      const { pid } = await rig.settled();
      const workers = rig.workers();
      await using load = rig.load();
      rig.release({ version: "2" });
      const struck: string[] = [];
      let open: readonly string[] | undefined;
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
        const now = await assertAlone(rig, pid, back, rig.runtimeDirectory, open);
        // As it is once it has taken everything back.
        if (struck.length > 1) open ??= now;
        // Native candidates stand by: they end with their namespace, and no client was with them.
        assert.deepEqual(load.failures, [], effect);
      }
      t.diagnostic(struck.join(", "));
      assert.ok(struck.includes("spawn") && struck.includes("open-gate"), struck.join(", "));
    },
  );
}

for (const how of ["die-before", "die-after"] as const) {
  test(`the new daemon may ${how.replace("-", " ")} any step of taking the workers over, too: the old one has everything back`, async (t) => {
    await using rig = new Rig({ standalone: true, faulty: true, native: true });
    rig.manager.start();
    const { pid } = await rig.settled();
    const workers = rig.workers();
    await using load = rig.load();
    const struck: string[] = [];
    let open: readonly string[] | undefined;
    for (;;) {
      armFault(rig.directory, { at: struck.length + 1, how, who: "new" });
      await using taker = new Taker(rig);
      const serving = await taker.servesOrEnded(rig);
      const effect = disarmFault(rig.directory);
      if (effect !== undefined) struck.push(effect);
      const heardReady = serving !== undefined || (how === "die-after" && effect === "send ready");
      if (!heardReady) {
        const back = await rig.settled();
        assert.equal(back.pid, pid, effect);
        const now = await assertAlone(rig, pid, back, rig.runtimeDirectory, open);
        if (struck.length > 1) open ??= now;
        continue;
      }
      await rig.manager.ended();
      // Both are gone: whoever started them starts one again.
      if (serving === undefined) rig.manager.start();
      const status = serving ?? (await rig.settled());
      const inCharge = rig.daemons();
      assert.equal(inCharge.length, 1);
      const place = serving === undefined ? rig.runtimeDirectory : taker.runtimeDirectory;
      await assertAlone(rig, inCharge[0] ?? 0, status, place);
      assert.deepEqual(rig.workers(), workers);
      await load.stop();
      assert.deepEqual(load.failures, []);
      break;
    }
    t.diagnostic(struck.join(", "));
    assert.ok(struck.includes("send take") && struck.includes("persist"), struck.join(", "));
  });
}

for (const [where, place, options] of [
  ["beside it", [], {}],
  ["in another container", elsewhere, asRoot],
] as const) {
  test(
    `the old daemon may die before or after any step of giving to one ${where}: one daemon is in charge, and serves`,
    options,
    async (t) => {
      for (const how of ["die-before", "die-after"] as const) {
        const struck: string[] = [];
        for (let effect: string | undefined = ""; effect !== undefined; ) {
          await using rig = new Rig({ standalone: true, faulty: true, native: true });
          rig.manager.start();
          await rig.settled();
          await using load = rig.load();
          rig.release({ version: "2" });
          armFault(rig.directory, { at: struck.length + 1, how, who: "old" });
          await using taker = new Taker(rig, place);
          let status = await taker.servesOrEnded(rig);
          await rig.manager.ended();
          effect = disarmFault(rig.directory);
          // Without everything there is nothing to go on with: whoever started the old one starts it again.
          if (status === undefined) rig.manager.start();
          const runtimeDirectory = status === undefined ? rig.runtimeDirectory : taker.runtimeDirectory;
          status ??= await rig.settled();
          await rig.manager.waitFor("one daemon", () => rig.daemons().length === 1);
          const [pid = 0] = rig.daemons();
          await assertAlone(rig, pid, status, runtimeDirectory);
          await load.stop();
          assert.deepEqual(load.failures, [], effect);
          if (effect !== undefined) struck.push(effect);
        }
        t.diagnostic(`${how}: ${struck.join(", ")}`);
        assert.ok(struck.includes("persist") && struck.includes("send given"), struck.join(", "));
      }
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

test(
  "only root and the service's user may ask: another user has no way to the socket, nor is answered on it",
  asRoot,
  async () => {
    await using rig = new Rig({ standalone: true });
    rig.manager.start();
    await rig.settled();
    const socket = takeoverSocketIn(rig.runtimeDirectory);
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const askAs = async (uid: number, protocol = 1): Promise<string> => {
      const args = [askForEverything, socket, rig.name, String(uid), String(protocol)];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return stdout.trim();
    };
    for (const directory of [rig.directory, rig.runtimeDirectory]) chmodSync(directory, 0o711);
    const nobody = 65_534;
    assert.equal(await askAs(nobody), "no way in");
    chmodSync(socket, 0o666);
    assert.equal(await askAs(nobody), "0 packets, 0 fds");
    // One that speaks another version of the takeover is told so.
    assert.equal(await askAs(0, 2), "1 packets, 0 fds");
    const status = await rig.settled();
    assert.equal(status.reexecFailed, null);
    await assertAlone(rig, status.pid, status);
  },
);

test("a daemon that cannot read the state of the one that serves, being older, takes nothing", async () => {
  await using rig = new Rig({ standalone: true });
  install(rig, futureDaemon);
  rig.manager.start();
  const { pid } = await rig.settled();
  const workers = rig.workers();
  await using load = rig.load();
  install(rig, presentDaemon);
  await using taker = new Taker(rig);
  assert.equal(await taker.exited, 78);
  assert.match(taker.log, /later version of Holdfast/);
  const after = await rig.settled();
  assert.deepEqual([after.pid, rig.workers()], [pid, workers]);
  await assertAlone(rig, pid, after);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a daemon of another name is refused, and the one that serves has not noticed", async () => {
  await using rig = new Rig({ standalone: true });
  await using other = new Rig({ standalone: true });
  rig.manager.start();
  await rig.settled();
  await using stranger = new Taker(other, [], takeoverSocketIn(rig.runtimeDirectory));
  assert.equal(await stranger.exited, 78);
  assert.match(stranger.log, /it refused: this is the service/);
  assert.equal((await rig.settled()).reexecFailed, null);
});

test("Envoy: where no predecessor listens there is nothing to take over: the daemon starts as any first one", async () => {
  await using rig = new Rig({ standalone: true });
  rig.configure(`[listeners.own]\naddress = "unix:${rig.directory}/own.sock"\n`);
  await using taker = new Taker(rig, [], join(rig.directory, "nobody.sock"));
  await taker.until(rig, "the daemon", isServing);
  assert.match(taker.log, /nothing to take over/);
  writeFileSync(join(rig.directory, "done"), "");
});
