import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hooksEntries } from "../../src/config/hooks-table.js";
import type { HookEvent } from "../../src/model/plan.js";
import { Rig } from "../harness/process/rig.js";

const minuteMs = 60_000;

/** Runs a script of the shell for each of these events, or for all. */
function hooks(script: string, events: readonly string[] = Object.keys(hooksEntries)): string {
  const argv = JSON.stringify(["/bin/sh", "-c", script]);
  return `[hooks]\n${events.map((event) => `${event} = ${argv}\n`).join("")}`;
}

/** Each document gets a line in a file. */
function noting(rig: Rig): string {
  return hooks(`cat >> ${rig.directory}/told`);
}

interface Told {
  readonly event: HookEvent;
  readonly generation: number | null;
  readonly [key: string]: unknown;
}

function told(rig: Rig): Told[] {
  const file = join(rig.directory, "told");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line): Told => JSON.parse(line));
}

/** Waits for so many, and gives them in the order of their names: those of one moment run side by side. */
async function hear(rig: Rig, count: number): Promise<string[]> {
  await rig.manager.waitFor(`${count} hooks`, () => told(rig).length >= count);
  return told(rig)
    .map(({ event, generation }) => `${event} ${generation}`)
    .sort();
}

test("a hook gets what has happened as JSON, in the directory of what serves", async () => {
  await using rig = new Rig();
  rig.configure(hooks(`pwd > ${rig.directory}/where; cat >> ${rig.directory}/told`, ["upgrade-failed"]));
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "crash" });
  const { upgrade, failure } = await rig.upgrade();
  assert.deepEqual(await hear(rig, 1), ["upgrade-failed 2"]);
  const [{ at, ...document } = { at: undefined }] = told(rig);
  assert.deepEqual(document, {
    name: rig.name,
    event: "upgrade-failed",
    upgrade,
    kind: "upgrade",
    generation: 2,
    to: null,
    failure,
    version: null,
  });
  assert.ok(Math.abs(Date.parse(String(at)) - Date.now()) < minuteMs);
  assert.equal(readFileSync(join(rig.directory, "where"), "utf8").trim(), rig.snapshot(1));
});

test("a start, an upgrade and a rollback are told, and a failed trial with its way back", async () => {
  await using rig = new Rig();
  rig.configure(noting(rig));
  await rig.manager.startReady();
  assert.deepEqual(await hear(rig, 2), ["proved 1", "upgraded 1"]);
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
  const pid = (await rig.status()).generations.at(-1)?.workers[0]?.pid;
  assert.ok(pid);
  process.kill(pid, "SIGKILL");
  await rig.settled();
  assert.deepEqual((await hear(rig, 6)).slice(1), [
    "rejected 2",
    "rolled-back 2",
    "upgrade-failed 2",
    "upgraded 1",
    "upgraded 2",
  ]);
});

test("a version that dies on probation is told of at once, and again when what was before serves", async () => {
  await using rig = new Rig();
  rig.configure(`${noting(rig)}[probation]\ntime = "1m"\n`);
  await rig.manager.startReady();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  const [bad] = (await rig.settled()).generations;
  process.kill(bad?.workers[0]?.pid ?? 0, "SIGKILL");
  const events = await hear(rig, 7);
  assert.deepEqual(
    events.filter((event) => /^rej|^rol/.test(event)),
    ["rejected 2", "rolled-back 2"],
  );
  const rejected = told(rig).find(({ event }) => event === "rejected");
  assert.deepEqual([rejected?.["to"], rejected?.["kind"]], [1, "upgrade"]);
});

test("a hook that hangs is ended with all it has started, and meanwhile keeps nobody from anything", async () => {
  await using rig = new Rig();
  rig.configure(hooks(`sleep 1000 & sleep 1000`, ["upgraded"]));
  await rig.manager.startReady();
  assert.ok(rig.processes().length > 2, "no hook runs");
  for (const version of ["2", "3"]) {
    rig.release({ version });
    const { failure, tookMs } = await rig.upgrade();
    assert.equal(failure, null);
    assert.ok(tookMs < 8_000, `${tookMs} ms`);
  }
  await rig.settled();
  await rig.manager.waitFor("the end of the hooks", () => rig.processes().length === 2, 20_000);
  await rig.manager.waitFor("the warning", () =>
    /the hook `upgraded` failed: cannot run \/bin\/sh .* took too long/.test(rig.manager.log()),
  );
});

test("a hook that cannot be started, or fails, is logged", async () => {
  await using rig = new Rig();
  rig.configure(
    `[hooks]\nupgraded = ["/no/such/program"]\nproved = ["/bin/sh", "-c", "echo no phone; exit 3"]\n`,
  );
  await rig.manager.startReady();
  await rig.manager.waitFor("both warnings", () => {
    const log = rig.manager.log();
    return (
      /`upgraded` failed: cannot run \/no\/such\/program: /.test(log) &&
      /`proved` failed: .* status 3: no phone/.test(log)
    );
  });
});

test("more hooks than a few at a time are not run, and logged", async () => {
  await using rig = new Rig();
  rig.configure(hooks(`echo run >> ${rig.directory}/runs; exec sleep 1000`, ["upgrade-failed"]));
  await rig.manager.startReady();
  // Each fails at once: the first hook is not to be ended before the last one is told of.
  rig.configure("nonsense");
  for (let tries = 0; tries < 9; tries++) assert.notEqual((await rig.upgrade()).failure, null);
  await rig.manager.waitFor("the warning", () =>
    /was not run, because 8 hooks run already/.test(rig.manager.log()),
  );
  const runs = () => readFileSync(join(rig.directory, "runs"), "utf8");
  await rig.manager.waitFor("eight hooks", () => runs().length >= "run\n".length * 8);
  assert.equal(runs(), "run\n".repeat(8));
});

test("a daemon killed while a hook runs leaves nothing to wait for, and the next one has the hooks from the state", async () => {
  await using rig = new Rig();
  const gate = join(rig.directory, "gate");
  rig.configure(
    hooks(`cat >> ${rig.directory}/told; while ! test -e ${gate}; do sleep 0.05; done`, ["upgrade-failed"]),
  );
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "crash" });
  await rig.upgrade();
  assert.deepEqual(await hear(rig, 1), ["upgrade-failed 2"]);
  await rig.manager.kill9();
  await rig.manager.startReady();
  assert.equal((await rig.ask()).version, "1");
  // Whoever cannot read the config asks the generation that serves whom to tell.
  rig.configure("nonsense");
  assert.equal((await rig.upgrade()).failure?.reason, "config-syntax");
  assert.deepEqual(await hear(rig, 2), ["upgrade-failed 2", "upgrade-failed null"]);
  rig.openGate(gate);
});
