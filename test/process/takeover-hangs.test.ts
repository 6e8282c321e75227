import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertAlone } from "../harness/process/alone.js";
import { armFault, wasStruck } from "../harness/process/fault.js";
import { freePort } from "../harness/process/ports.js";
import { install } from "../harness/process/programs.js";
import { Rig } from "../harness/process/rig.js";
import { scrape } from "../harness/process/scrape.js";
import { Taker } from "../harness/process/taker.js";

for (const [what, where, status] of [
  ["before it has what it asked for", "send take", 78],
  ["in its recovery", "persist", null],
] as const) {
  test(`a daemon that asks for everything and stands still ${what} is left: a worker that died meanwhile is replaced`, async () => {
    await using rig = new Rig({ standalone: true, faulty: true });
    rig.manager.start();
    const { pid } = await rig.settled();
    const [worker = 0] = rig.workers();
    armFault(rig.directory, { what: where, at: 1, how: "stop", who: "new" });
    await using taker = new Taker(rig);
    await rig.manager.waitFor("it to stand still", () => wasStruck(rig.directory));
    process.kill(worker, "SIGKILL");
    const back = await rig.until("another worker", ({ generations, reexecFailed }) => {
      const [one] = generations[0]?.workers ?? [];
      return reexecFailed !== null && one?.phase === "ready" && one.pid !== worker;
    });
    assert.equal(back.pid, pid);
    assert.match(back.reexecFailed?.message ?? "", /did not take over within/);
    taker.goOn();
    assert.equal(await taker.exited, status);
    await assertAlone(rig, pid, await rig.settled());
    rig.release({ version: "2" });
    assert.equal((await rig.upgrade()).failure, null);
  });
}

test("a daemon that asked for everything and stands still does not keep the one that serves from being stopped", async () => {
  await using rig = new Rig({ standalone: true, faulty: true });
  rig.manager.start();
  await rig.settled();
  armFault(rig.directory, { what: "persist", at: 1, how: "stop", who: "new" });
  await using taker = new Taker(rig);
  await rig.manager.waitFor("it to stand still", () => wasStruck(rig.directory));
  rig.manager.signal("SIGTERM");
  await rig.manager.ended();
  await taker.exited;
  assert.deepEqual([rig.daemons(), rig.workers()], [[], []]);
});

async function startStuckProgram(rig: Rig): Promise<number> {
  rig.manager.start();
  const { pid } = await rig.settled();
  const file = join(rig.directory, "stuck.mjs");
  writeFileSync(file, "process.kill(process.pid, 'SIGSTOP');");
  install(rig, file);
  assert.ok((await rig.control.order("reexec")).ok);
  return pid;
}

test("a new program that stands still at its start is given up when a worker has died", async () => {
  await using rig = new Rig({ standalone: true });
  const pid = await startStuckProgram(rig);
  const [worker = 0] = rig.workers();
  process.kill(worker, "SIGKILL");
  await rig.manager.waitFor("another worker", () => rig.workers().some((one) => one !== worker));
  assert.deepEqual(rig.daemons(), [pid]);
});

test("a new program that stands still at its start is given up when somebody asks for the status", async () => {
  await using rig = new Rig({ standalone: true });
  const pid = await startStuckProgram(rig);
  const back = await rig.until("the failure", ({ reexecFailed }) => reexecFailed !== null);
  assert.equal(back.pid, pid);
  assert.match(back.reexecFailed?.message ?? "", /was not ready within .* of the daemon being needed/);
});

test("a new program that stands still at its start is given up when somebody scrapes", async () => {
  const port = freePort();
  await using rig = new Rig({
    standalone: true,
    config: `[metrics]\naddress = "127.0.0.1:${port}"\n`,
  });
  await startStuckProgram(rig);
  await scrape({ port });
  const { reexecFailed } = await rig.status();
  assert.match(reexecFailed?.message ?? "", /was not ready within .* of the daemon being needed/);
});
