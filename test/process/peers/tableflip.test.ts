import assert from "node:assert/strict";
import { constants, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { StatusReport } from "../../../src/control/port.js";
import { fdsOf } from "../../harness/process/open-fds.js";
import { Rig } from "../../harness/process/rig.js";

/** Puts a program of that script in the place of the daemon's. */
function install(rig: Rig, script: string): void {
  const file = join(rig.directory, "program.mjs");
  writeFileSync(file, script);
  symlinkSync(file, `${rig.program}.new`);
  renameSync(`${rig.program}.new`, rig.program);
}

function read(pid: number, file: "cmdline" | "environ"): string[] {
  return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
}

async function nextDaemon(rig: Rig, { pid }: StatusReport): Promise<StatusReport> {
  assert.ok((await rig.control.order("reexec")).ok);
  const next = await rig.until("the next daemon", (status) => status.pid !== pid);
  await rig.manager.waitFor("one daemon", () => rig.daemons().length === 1);
  return next;
}

/** What is said about the process that started it, and about the sockets. */
const ofEachStart = /^(LISTEN_|PWD=|OLDPWD=|_=|SHLVL=)/;

test("tableflip: arguments and environment reach the new process unchanged", async () => {
  await using rig = new Rig({ standalone: true });
  rig.manager.override["ODD"] = "a 'quoted' \"$HOME\" \\ line\nand another";
  rig.manager.start();
  const first = await rig.settled();
  const [argv, environment] = [read(first.pid, "cmdline"), read(first.pid, "environ")];
  const second = await nextDaemon(rig, first);
  const own = (lines: readonly string[]): string[] => lines.filter((line) => !ofEachStart.test(line)).sort();
  assert.deepEqual(read(second.pid, "cmdline"), argv);
  assert.deepEqual(own(read(second.pid, "environ")), own(environment));
});

test("tableflip: sockets are non-blocking and close-on-exec in the new process, as in the old", async () => {
  await using rig = new Rig({ standalone: true });
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${rig.directory}/own.sock"\n`);
  rig.manager.start();
  let daemon = await rig.settled();
  const inodes = rig.state().listeners.map(({ inode }) => `socket:[${inode}]`);
  for (let round = 0; round < 2; round++) {
    const directory = `/proc/${daemon.pid}`;
    const fds = fdsOf(daemon.pid).filter(({ name }) => inodes.includes(name));
    assert.ok(fds.length >= inodes.length, JSON.stringify(fds));
    for (const { fd } of fds) {
      const [, octal = "0"] =
        /^flags:\s*(\d+)$/m.exec(readFileSync(`${directory}/fdinfo/${fd}`, "utf8")) ?? [];
      const flags = Number.parseInt(octal, 8);
      assert.ok((flags & constants.O_NONBLOCK) !== 0, `fd ${fd} blocks`);
      assert.ok((flags & O_CLOEXEC) !== 0, `fd ${fd} is anybody's`);
    }
    daemon = await nextDaemon(rig, daemon);
  }
});

/** open(2); Node does not name it. */
const O_CLOEXEC = 0o2000000;

test("tableflip: a stop that comes while a new program is being tried is carried out, and nobody is left", async () => {
  await using rig = new Rig({ standalone: true });
  rig.manager.start();
  await rig.settled();
  const [started, gate] = [join(rig.directory, "started"), join(rig.directory, "gate")];
  install(
    rig,
    `import fs from "node:fs"; fs.writeFileSync("${started}", "");
     setInterval(() => fs.existsSync("${gate}") && process.exit(1), 10);`,
  );
  await rig.control.order("reexec");
  await rig.manager.waitFor("the new program", () => readdirSync(rig.directory).includes("started"));
  const waiting = rig.ask();
  rig.manager.signal("SIGTERM");
  // Whoever is in charge is not known before: until then the workers serve.
  assert.equal((await waiting).generation, 1);
  rig.openGate(gate);
  assert.deepEqual(await rig.manager.ended(), { code: 0, signal: null });
  assert.deepEqual([rig.workers(), rig.daemons()], [[], []]);
});

test("tableflip: a stop cancels an upgrade that waits for its candidate, and ends both generations", async () => {
  await using rig = new Rig({ standalone: true });
  rig.manager.start();
  await rig.settled();
  rig.release({ version: "2", boot: "silent" });
  assert.ok((await rig.control.request("upgrade")).ok);
  await rig.until("a candidate", ({ generations }) => generations.at(-1)?.workers[0]?.phase === "starting");
  rig.manager.signal("SIGTERM");
  assert.deepEqual(await rig.manager.ended(), { code: 0, signal: null });
  assert.deepEqual(rig.workers(), []);
});

test("tableflip: a daemon that is asked to be replaced twice at once is replaced by one", async () => {
  await using rig = new Rig({ standalone: true });
  rig.manager.start();
  const first = await rig.settled();
  const workers = rig.workers();
  await using load = rig.load();
  const orders = await Promise.all([rig.control.order("reexec"), rig.control.order("reexec")]);
  assert.ok(orders.some(({ ok }) => ok));
  await rig.until("the next daemon", ({ pid }) => pid !== first.pid);
  await rig.manager.waitFor("one daemon", () => rig.daemons().length === 1);
  await rig.settled();
  assert.deepEqual(rig.workers(), workers);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("tableflip: a new program that is not ready in time is ended, and the old daemon goes on", async () => {
  await using rig = new Rig({ standalone: true });
  rig.manager.start();
  const { pid } = await rig.settled();
  const workers = rig.workers();
  await using load = rig.load();
  install(rig, "setInterval(() => {}, 1000);");
  assert.ok((await rig.control.order("reexec")).ok);
  const after = await rig.until("the failure", ({ reexecFailed }) => reexecFailed !== null);
  assert.match(after.reexecFailed?.message ?? "", /not ready within 5 s of the daemon being needed/);
  assert.deepEqual([after.pid, rig.daemons(), rig.workers()], [pid, [pid], workers]);
  await load.stop();
  assert.deepEqual(load.failures, []);
});
