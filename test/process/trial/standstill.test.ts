import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startLoad } from "../../harness/load/start-load.js";
import { deployFlawed } from "../../harness/process/flawed-app.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables, untilProof } from "../../harness/process/trials.js";
import { assertNothingLost } from "../../harness/service/under-load.js";

const PROBATION_MS = 8_000;

/**
 * What a virtual machine does that is moved, or saved: nothing of it runs for a while. The workers stop first and go on last, so
 * that the daemon has seen that something waits for them, and finds at first that it waits still.
 */
async function standStill(rig: Rig, { alreadyMs, forMs }: { alreadyMs: number; forMs: number }) {
  const workers = rig.workers();
  const { pid } = rig.manager;
  const send = (signal: "SIGSTOP" | "SIGCONT", to: readonly number[]) => {
    for (const one of to) process.kill(one, signal);
  };
  send("SIGSTOP", workers);
  try {
    await pause(alreadyMs);
    send("SIGSTOP", [pid]);
    await pause(forMs);
    send("SIGCONT", [pid]);
    await pause(300);
  } finally {
    send("SIGCONT", [pid, ...workers]);
  }
}

test("time in which the whole machine stands still is not held against a version that clients wait for", async () => {
  await using rig = new Rig();
  deployFlawed(rig, "plain.js", "v1");
  await rig.manager.startReady();
  const address = `127.0.0.1:${rig.port}`;
  await using load = await startLoad(null, { address, keepAlive: 0, freshPerSecond: 50, slow: 0 });
  deployFlawed(rig, "plain.js", "v2");
  rig.configure(
    `[drain]\ntimeout = "1s"\n${judgedTables({ trial: "300ms", probation: `${PROBATION_MS}ms` })}`,
  );
  assert.equal((await rig.upgrade()).failure, null);
  const proof = await untilProof(rig, "probation", 2);
  assert.ok(proof.kind === "probation");
  await rig.until("the end of the old generation", ({ generations }) => generations.length === 1);
  await load.waitForMore(2);
  // The judge looks each second, and is to see once that clients wait: a second time would be a verdict.
  const begunMs = proof.until - PROBATION_MS;
  const sinceLookMs = () => (Number(process.hrtime.bigint()) / 1e6 - begunMs) % 1_000;
  await pause((1_500 - sinceLookMs()) % 1_000);
  await standStill(rig, { alreadyMs: 800, forMs: 4_000 });
  await untilProof(rig, "proved", 2);
  assert.equal((await rig.settled()).degraded, null);
  await load.waitForMore(2);
  assertNothingLost(await load.stop());
});

test("a worker that was asked whether it lives, and stood still with the daemon, is not killed", async () => {
  await using rig = new Rig({ native: true });
  rig.manager.override["WATCHDOG_USEC"] = "4000000";
  await rig.manager.startReady();
  const { pid } = await rig.ask();
  const countBeats = () => rig.manager.messages.filter((message) => message === "WATCHDOG=1").length;
  const beats = countBeats();
  await rig.manager.waitFor("a beat", () => countBeats() > beats);
  // The next question comes two seconds after the last one, and its answer may take two more.
  await pause(1_200);
  await standStill(rig, { alreadyMs: 1_600, forMs: 4_000 });
  assert.equal((await rig.ask()).pid, pid);
  const { generations } = await rig.settled();
  assert.deepEqual(
    generations.map(({ workers }) => workers.map((worker) => worker.pid)),
    [[pid]],
  );
});

test("a health check whose answer was on its way when the whole machine stood still is none that failed", async () => {
  const judge = 'health = { http = "/healthz", every = "200ms", timeout = "3s", failures = 1 }';
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  rig.configure(judgedTables({ trial: "300ms", probation: "4s", judge }));
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await untilProof(rig, "probation", 2);
  await standStill(rig, { alreadyMs: 1_500, forMs: 4_000 });
  await untilProof(rig, "proved", 2);
  assert.equal((await rig.settled()).degraded, null);
});
