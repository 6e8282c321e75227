import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ControlClient } from "../../src/control/client.js";
import type { StatusReport } from "../../src/control/port.js";
import { assertAlone } from "../harness/process/alone.js";
import { KeptConnection } from "../harness/process/kept.js";
import { Rig } from "../harness/process/rig.js";
import { isServing, Taker } from "../harness/process/taker.js";

/** Where an upgrade is when another daemon takes the place of the one that does it; returns what lets it go on. */
type Step = (rig: Rig) => Promise<(control: ControlClient) => Promise<unknown>>;

const untilReady = '[ready]\ntimeout = "30s"\n';

const verifying: Step = async (rig) => {
  const gate = join(rig.directory, "gate");
  rig.configure(`verify = { http = "/healthz", timeout = "20s" }\n${untilReady}`);
  rig.release({ version: "2", gate });
  assert.ok((await rig.control.request("upgrade")).ok);
  await rig.until("the verification's request", ({ generations: [, candidate] }) => {
    return candidate?.counters?.requests === 1;
  });
  return async () => rig.openGate(gate);
};

const committed: Readonly<Record<string, Step>> = {
  "holds the version before": async (rig) => {
    rig.release({ version: "2" });
    assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
    return (control) => control.order("commit");
  },
  "waits for the drain of the version before": async (rig) => {
    const gate = join(rig.directory, "gate");
    const long = await KeptConnection.open(rig.port);
    const answer = long.exchange(`/hold?${encodeURIComponent(gate)}`);
    await rig.until("the long request", ({ generations: [only] }) => only?.counters?.requests === 1);
    rig.release({ version: "2" });
    assert.equal((await rig.upgrade()).failure, null);
    return async () => {
      rig.openGate(gate);
      await answer;
      long.end();
    };
  },
};

/** Returns how the daemon that is there from then on is asked. */
type Replacement = (rig: Rig, taker: () => Taker) => Promise<ControlClient>;

const execute: Replacement = async (rig) => {
  const { pid } = await rig.status();
  assert.ok((await rig.control.order("reexec")).ok);
  await rig.until("the next daemon", (status) => status.pid !== pid);
  return rig.control;
};
const takeOver: Replacement = async (_, taker) => taker().control;

const cases: readonly (readonly [replaced: string, Replacement, doing: string, Step])[] = [
  ["told to start the program on disk", execute, "verifies its candidate", verifying],
  ...Object.entries(committed).flatMap(
    ([doing, step]) =>
      [
        ["told to start the program on disk", execute, doing, step],
        ["taken over by another one", takeOver, doing, step],
      ] as const,
  ),
];

for (const [replaced, replace, doing, step] of cases) {
  test(`a daemon that is ${replaced} while it ${doing} loses nothing, and the next one brings the upgrade to its end`, async () => {
    await using rig = new Rig({ standalone: true, native: true, workers: 1, config: untilReady });
    rig.manager.start();
    await rig.settled();
    const goOn = await step(rig);
    await using load = rig.load();
    const takers: Taker[] = [];
    const control = await replace(rig, () => {
      const taker = new Taker(rig);
      takers.push(taker);
      return taker;
    });
    try {
      assert.equal((await rig.manager.ended()).code, 0);
      await goOn(control);
      const isDone = (status: StatusReport): boolean => isServing(status) && status.generations[0]?.id === 2;
      const status = await rig.manager.waitFor("the upgrade's end", async () => {
        const asked = await control.status();
        return asked.ok && isDone(asked.value) && asked.value;
      });
      const [pid = 0, ...others] = rig.daemons();
      assert.deepEqual(others, []);
      await assertAlone(rig, pid, status, takers[0]?.runtimeDirectory);
      assert.equal((await rig.ask()).version, "2");
      await load.stop();
      assert.deepEqual(load.failures, []);
    } finally {
      for (const taker of takers) await taker[Symbol.asyncDispose]();
    }
  });
}

test("a daemon that verifies a candidate is not taken over, and brings the upgrade to its end", async () => {
  await using rig = new Rig({ standalone: true, native: true, config: untilReady });
  rig.manager.start();
  await rig.settled();
  const goOn = await verifying(rig);
  await using load = rig.load();
  await using taker = new Taker(rig);
  assert.equal(await taker.exited, 78, taker.log);
  await goOn(rig.control);
  const status = await rig.until("the upgrade", (now) => isServing(now) && now.generations[0]?.id === 2);
  await assertAlone(rig, status.pid, status);
  await load.stop();
  assert.deepEqual(load.failures, []);
});
