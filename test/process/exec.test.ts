import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { StatusReport } from "../../src/control/port.js";
import { assertAlone } from "../harness/process/alone.js";
import { armFault, disarmFault, wasStruck } from "../harness/process/fault.js";
import { countFds } from "../harness/process/open-fds.js";
import { futureDaemon, install, presentDaemon } from "../harness/process/programs.js";
import { Rig } from "../harness/process/rig.js";

function program(rig: Rig, script: string): string {
  const file = join(rig.directory, `program-${Date.now()}.mjs`);
  writeFileSync(file, script);
  return file;
}

function pidIn(rig: Rig, file = "holdfast.pid"): number | null {
  const path = join(rig.runtimeDirectory, file);
  return existsSync(path) ? Number(readFileSync(path, "utf8")) : null;
}

async function startAlone(rig: Rig): Promise<StatusReport> {
  rig.manager.start();
  return rig.settled();
}

/** Asks for the next daemon and waits until it answers; what it says of itself. */
async function replace(rig: Rig, { pid }: StatusReport): Promise<StatusReport> {
  assert.ok((await rig.control.order("reexec")).ok);
  const next = await rig.until("the next daemon", (status) => status.pid !== pid);
  assert.equal(next.lifecycle, "running");
  await rig.manager.waitFor("one daemon", () => rig.daemons().length === 1);
  return next;
}

test("nginx: without a service manager the daemon starts the program now on disk in its own place, with the same sockets and workers", async () => {
  await using rig = new Rig({ standalone: true, workers: 2 });
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${rig.directory}/own.sock"\n`);
  const first = await startAlone(rig);
  assert.equal(pidIn(rig), first.pid);
  const workers = rig.workers();
  await using load = rig.load();
  const second = await replace(rig, first);
  assert.equal((await rig.manager.ended()).code, 0);
  assert.deepEqual(rig.workers(), workers);
  await rig.manager.waitFor("the old pid file to go", () => pidIn(rig, "holdfast.pid.oldbin") === null);
  assert.equal(pidIn(rig), second.pid);
  assert.deepEqual(
    second.listeners.map(({ name, origin }) => [name, origin]),
    [
      ["http", "unit"],
      ["own", "bound"],
    ],
  );
  // It can do all that the first could.
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("unicorn, sozu: a daemon may be replaced ten times in a row, by SIGUSR2: nothing piles up", async () => {
  await using rig = new Rig({ standalone: true });
  let daemon = await startAlone(rig);
  const workers = rig.workers();
  await using load = rig.load();
  let fds = 0;
  for (let round = 0; round < 10; round++) {
    const { pid } = daemon;
    process.kill(pid, "SIGUSR2");
    daemon = await rig.until("the next daemon", (status) => status.pid !== pid);
    await rig.manager.waitFor("one daemon", () => rig.daemons().length === 1);
    if (round === 1) fds = countFds(daemon.pid);
  }
  await rig.manager.waitFor("as many fds as before", () => countFds(daemon.pid) <= fds);
  assert.deepEqual(rig.workers(), workers);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

for (const [what, script, why] of [
  ["exits cleanly", "process.exit(0)", /exited with status 0/],
  ["exits uncleanly", "process.exit(3)", /exited with status 3/],
  ["is killed", "process.kill(process.pid, 'SIGKILL')", /killed by SIGKILL/],
  ["is no program", "this is no JavaScript", /exited with status 1/],
] as const) {
  test(`tableflip: a new program that ${what} leaves the old daemon in charge, and the command fails`, async () => {
    await using rig = new Rig({ standalone: true });
    const { pid } = await startAlone(rig);
    const workers = rig.workers();
    await using load = rig.load();
    install(rig, program(rig, script));
    for (let round = 0; round < 3; round++) {
      const before = await rig.settled();
      assert.ok((await rig.control.order("reexec")).ok);
      const after = await rig.until(
        "the failure",
        ({ reexecFailed }) => reexecFailed !== null && reexecFailed.at !== before.reexecFailed?.at,
      );
      assert.match(after.reexecFailed?.message ?? "", why);
      assert.equal(after.pid, pid);
      assert.equal(after.lifecycle, "running");
      assert.equal(pidIn(rig), pid);
      assert.equal(pidIn(rig, "holdfast.pid.oldbin"), null);
    }
    rig.release({ version: "2" });
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    assert.equal((await rig.ask()).version, "2");
    assert.notDeepEqual(rig.workers(), workers);
    assert.deepEqual(rig.daemons(), [pid]);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });
}

test("a program that cannot read the state of the daemon before it, being older, refuses, and the old daemon goes on", async () => {
  await using rig = new Rig({ standalone: true });
  install(rig, futureDaemon);
  const { pid } = await startAlone(rig);
  const workers = rig.workers();
  await using load = rig.load();
  install(rig, presentDaemon);
  assert.ok((await rig.control.order("reexec")).ok);
  const { reexecFailed } = await rig.until("the failure", (status) => status.reexecFailed !== null);
  assert.match(reexecFailed?.message ?? "", /exited with status 78/);
  const after = await rig.settled();
  assert.deepEqual([after.pid, rig.workers()], [pid, workers]);
  await assertAlone(rig, pid, after);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

for (const how of ["die-before", "die-after"] as const) {
  test(`the old daemon may ${how.replace("-", " ")} any effect of the change: it is started again, and nothing is lost`, async (t) => {
    await using rig = new Rig({ standalone: true, faulty: true });
    await startAlone(rig);
    const workers = rig.workers();
    await using load = rig.load();
    const struck = await strikeEach(rig, how, "old", async (what) => {
      assert.deepEqual(rig.workers(), workers, what);
    });
    assert.deepEqual(struck, ["persist", "exit"]);
    t.diagnostic(struck.join(", "));
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  test(`the new daemon may ${how.replace("-", " ")} any effect of its recovery, in the middle of an upgrade: the old one takes everything back`, async (t) => {
    await using rig = new Rig({ standalone: true, faulty: true });
    await startAlone(rig);
    rig.configure('[ready]\ntimeout = "1s"\n');
    const workers = rig.workers();
    await using load = rig.load();
    rig.release({ version: "2", boot: "silent" });
    const struck = await strikeEach(rig, how, "new", async (what) => {
      assert.deepEqual(rig.workers(), workers, what);
      assert.equal((await rig.status()).lastUpgrade?.failure?.reason, "start-timeout", what);
    });
    assert.ok(struck.length >= 2, struck.join(", "));
    t.diagnostic(struck.join(", "));
    await load.stop();
    assert.deepEqual(load.failures, []);
  });
}

/** A change of the daemon for each effect that it has, struck at that effect; afterwards one daemon is there, and settled. */
async function strikeEach(
  rig: Rig,
  how: "die-before" | "die-after",
  who: "old" | "new",
  verify: (what: string) => Promise<void>,
): Promise<string[]> {
  const all: string[] = [];
  let open: readonly string[] | undefined;
  for (;;) {
    await rig.settled();
    if (who === "new") await beginUpgrade(rig);
    const [before] = rig.daemons();
    armFault(rig.directory, { at: all.length + 1, how, who });
    await rig.control.order("reexec");
    await rig.manager.waitFor("the end of the change", () => {
      const [one, other] = rig.daemons();
      return other === undefined && (one !== before || (who === "new" && wasStruck(rig.directory)));
    });
    const struck = disarmFault(rig.directory);
    if (struck !== undefined && who === "new") {
      await rig.manager.waitFor("the death of the new daemon", () =>
        rig.daemons().every((pid) => pid === before),
      );
    }
    // The new one also has things to do after it has taken over.
    const tookOver = rig.daemons().length === 0;
    if (tookOver) rig.manager.start();
    const status = await rig.settled();
    await verify(`struck: ${struck}`);
    const [only, second] = rig.daemons();
    assert.deepEqual([only, second, pidIn(rig)], [status.pid, undefined, status.pid], struck);
    const same = who === "new" && only === before;
    const now = await assertAlone(rig, status.pid, status, rig.runtimeDirectory, same ? open : undefined);
    // The one that took everything back has no more open than when it did so for the first time.
    if (same) open ??= now;
    if (struck === undefined || (tookOver && who === "new")) return all;
    if (who === "new") assert.deepEqual(rig.daemons(), [before], struck);
    all.push(struck);
  }
}

/** Whoever looks too late, when the candidate has had its time, begins another one. */
async function beginUpgrade(rig: Rig): Promise<void> {
  let goesOn = false;
  while (!goesOn) {
    assert.ok((await rig.control.request("upgrade")).ok);
    await rig.until("a candidate, or its end", ({ generations, upgrade }) => {
      goesOn = upgrade !== null;
      return !goesOn || generations.at(-1)?.workers[0]?.phase === "starting";
    });
  }
}

test("a new program that fails while a release is copied leaves the old daemon in charge, which copies it anew", async () => {
  await using rig = new Rig({ standalone: true });
  await startAlone(rig);
  rig.release({ version: "2" });
  for (let at = 0; at < 20_000; at++) writeFileSync(join(rig.releaseDirectory, `file-${at}`), "");
  install(rig, program(rig, "process.exit(3)"));
  assert.ok((await rig.control.request("upgrade")).ok);
  await rig.manager.waitFor("the copy", () => existsSync(rig.snapshot(2)));
  assert.ok((await rig.control.order("reexec")).ok);
  const { reexecFailed } = await rig.until(
    "the failure, and the end of the upgrade",
    (status) => status.reexecFailed !== null && status.upgrade === null,
  );
  assert.match(reexecFailed?.message ?? "", /exited with status 3/);
  assert.equal((await rig.settled()).lastUpgrade?.failure, null);
  assert.equal((await rig.ask()).version, "2");
});
