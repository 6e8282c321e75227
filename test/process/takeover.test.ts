import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ControlClient, createControlClient } from "../../src/control/client.js";
import type { StatusReport } from "../../src/control/port.js";
import { controlSocketIn, takeoverSocketIn } from "../../src/lib/directories.js";
import { armFault, disarmFault, faultVariable } from "../harness/process/fault.js";
import { KeptLoad } from "../harness/process/kept.js";
import { Rig } from "../harness/process/rig.js";

/** Needs root: a pid namespace is what a container is to its processes. */
const elsewhere = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** The first process of a namespace cannot be killed from inside. */
const notFirst = ["/bin/sh", "-c", '"$0" "$@"; exit $?'];
const asRoot = process.getuid?.() === 0 ? {} : { skip: "a pid namespace needs root" };

/** A second daemon of the rig's service, in directories of its own, that asks the first for everything. */
class Taker implements AsyncDisposable {
  readonly directory: string;
  readonly control: ControlClient;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  constructor(rig: Rig, place: readonly string[] = [], socket = takeoverSocketIn(rig.runtimeDirectory)) {
    this.directory = join(rig.directory, `taker-${Date.now()}`);
    mkdirSync(this.directory);
    const runtime = join(this.directory, "run");
    const [program = "", ...args] = [
      ...place,
      ...[process.execPath, rig.program, "--name", rig.name, "--config", rig.configFile],
      ...["--runtime-dir", runtime, "--state-dir", join(this.directory, "state"), "--takeover", socket],
    ];
    const log = openSync(this.#logFile, "a");
    this.#child = spawn(program, args, {
      stdio: ["ignore", log, log],
      env: { ...process.env, [faultVariable]: rig.directory },
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.control = createControlClient({ socketPath: controlSocketIn(runtime), timeoutMs: 1000 });
  }

  get exited(): Promise<number | null> {
    return this.#exited;
  }

  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  until(rig: Rig, what: string, probe: (status: StatusReport) => boolean): Promise<StatusReport> {
    return rig.manager.waitFor(
      what,
      async () => {
        const status = await this.control.status();
        return status.ok && probe(status.value) ? status.value : undefined;
      },
      20_000,
    );
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#exited;
  }

  get #logFile(): string {
    return join(this.directory, "daemon.log");
  }
}

function isServing({ generations, upgrade, lifecycle }: StatusReport): boolean {
  const [only, other] = generations;
  return lifecycle === "running" && upgrade === null && other === undefined && only?.phase === "active";
}

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
      await using rig = new Rig({ standalone: true, faulty: true });
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
      }
      t.diagnostic(struck.join(", "));
      assert.ok(struck.includes("spawn") && struck.includes("open-gate"), struck.join(", "));
      assert.equal((await rig.ask()).version, "1");
      await load.stop();
      assert.deepEqual(load.failures, []);
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
