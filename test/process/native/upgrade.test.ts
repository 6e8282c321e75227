import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import type { StatusReport } from "../../../src/control/port.js";
import { balance } from "../../harness/process/accounts.js";
import { KeptConnection, KeptLoad } from "../../harness/process/kept.js";
import { countFds } from "../../harness/process/open-fds.js";
import { Rig } from "../../harness/process/rig.js";

const ledgerLine = v.object({
  kind: v.literal("generation"),
  generation: v.number(),
  counters: v.object({
    moved: v.number(),
    adopted: v.number(),
    requests: v.number(),
    finished: v.number(),
    cut: v.number(),
  }),
});

function ledger(rig: Rig): v.InferOutput<typeof ledgerLine>[] {
  const lines = readFileSync(join(rig.stateDirectory, "history.jsonl"), "utf8").trimEnd().split("\n");
  return lines.flatMap((line) => {
    const parsed = v.safeParse(ledgerLine, JSON.parse(line));
    return parsed.success ? [parsed.output] : [];
  });
}

/** The counters of the one server that the active generation's workers have, added up. */
function activeCounters({ generations }: StatusReport) {
  const servers = generations.at(-1)?.workers.flatMap((worker) => worker.servers) ?? [];
  const sum = { open: 0, accepted: 0, adopted: 0, moved: 0, requests: 0, cut: 0 };
  for (const { counters } of servers) {
    sum.open += counters.open;
    sum.accepted += counters.accepted;
    sum.adopted += counters.adopted;
    sum.moved += counters.moved;
    sum.requests += counters.requests;
    sum.cut += counters.cut;
  }
  return sum;
}

/** A request of a kept connection is held over two upgrades, and until `meanwhile` is over. */
async function outlastTwoUpgrades(meanwhile: (rig: Rig) => Promise<unknown>): Promise<void> {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const connection = await KeptConnection.open(rig.port);
  await connection.ask();
  const answer = connection.exchange(`/hold?${gate}`);
  for (const version of ["2", "3"]) {
    rig.release({ version });
    assert.equal((await rig.upgrade()).failure, null);
  }
  await meanwhile(rig);
  rig.openGate(gate);
  assert.equal((await answer).kept, true);
  assert.equal((await rig.settled()).generations[0]?.id, 3);
  assert.equal((await connection.ask()).generation, 3);
  connection.end();
  await balance(rig);
}

test("ours: a connection whose request outlasts two upgrades goes on to the second new generation, by way of the first", async () => {
  await outlastTwoUpgrades(async () => {});
});

test("a connection whose request outlasts two upgrades, and the generation between them, goes on to the last one", async () => {
  await outlastTwoUpgrades((rig) =>
    rig.until("generation 2 has gone", ({ generations }) => generations.every(({ id }) => id !== 2)),
  );
});

test("sozu: over ten upgrades back and forth no kept connection is closed, no request is lost, and the books agree", async () => {
  const kept = 60;
  const idle = 80;
  const rounds = 10;
  await using rig = new Rig({ native: true, workers: 2 });
  await rig.manager.startReady();
  const waiting = await KeptConnection.openMany(rig.port, idle);
  for (const connection of waiting) await connection.ask();
  await using load = await KeptLoad.open(rig.port, kept);
  let fds = 0;
  for (let round = 1; round <= rounds; round += 1) {
    rig.release({ version: round % 2 === 0 ? "1" : "2" });
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    if (round === 1) fds = countFds(rig.manager.pid);
    const got = load.answers.length;
    await rig.manager.waitFor("all connections to be answered again", () => load.answers.length > got + kept);
    assert.equal(load.answers.at(-1)?.generation, round + 1);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  for (const connection of waiting) {
    const answer = await connection.ask();
    assert.deepEqual([answer.generation, answer.kept], [rounds + 1, true]);
  }
  assert.deepEqual(
    waiting.filter(({ closed }) => closed),
    [],
  );
  const ended = ledger(rig);
  const before = ended.reduce((sum, { counters }) => sum + counters.requests, 0);
  const asked = load.answers.length + 2 * idle;
  const told = await rig.until("all requests", (status) => before + activeCounters(status).requests >= asked);
  const now = activeCounters(told);
  assert.deepEqual(
    ended.map(({ generation }) => generation),
    Array.from({ length: rounds }, (_, at) => at + 1),
  );
  for (const { counters } of ended) assert.equal(counters.cut, 0);
  // Whoever moved away from one generation was adopted by the next, and by nobody else.
  assert.deepEqual(
    ended.map(({ counters }) => counters.moved),
    ended.map(() => kept + idle),
  );
  assert.deepEqual(
    [...ended.map(({ counters }) => counters.adopted), now.adopted],
    [0, ...ended.map(({ counters }) => counters.moved)],
  );
  assert.equal(now.open, now.accepted + now.adopted - now.moved);
  assert.equal(before + now.requests, asked);
  await balance(rig);
  await rig.manager.waitFor("as many fds as before", () => countFds(rig.manager.pid) <= fds);
  for (const connection of waiting) connection.end();
});

test("workers that outnumber those before them share the connections, fewer ones take them all", async () => {
  await using rig = new Rig({ native: true, workers: 3 });
  await rig.manager.startReady();
  await using load = await KeptLoad.open(rig.port, 30);
  for (const workers of [1, 4, 2]) {
    rig.workersWanted = workers;
    rig.configure();
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    const got = load.answers.length;
    await rig.manager.waitFor("all to be answered again", () => load.answers.length > got + 30);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
});

test("from a plain generation to a native one and back no request is lost", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using load = rig.load();
  for (const native of [true, false, true]) {
    rig.native = native;
    rig.configure();
    assert.equal((await rig.upgrade()).failure, null);
    const { generations } = await rig.settled();
    assert.deepEqual(
      generations.flatMap(({ workers }) => workers.map((worker) => worker.native)),
      [native],
    );
    const got = load.answered;
    await rig.manager.waitFor("requests to be answered", () => load.answered > got + 10);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
});

test("a response under way is finished by the old generation, and then its connection moves", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  const connection = await KeptConnection.open(rig.port);
  const gate = join(rig.directory, "gate");
  const held = connection.ask(`/hold?${gate}`);
  await rig.until("the request to be in flight", ({ generations }) =>
    generations.some(({ workers }) => workers.some(({ servers }) => servers[0]?.counters.inFlight === 1)),
  );
  assert.equal((await rig.upgrade()).failure, null);
  await rig.manager.waitFor(
    "the old worker to stop accepting",
    async () => (await rig.ask()).generation === 2,
  );
  rig.openGate(gate);
  const answer = await held;
  assert.deepEqual([answer.generation, answer.kept], [1, true]);
  await rig.manager.waitFor("the connection to have moved", async () => {
    const { generation, kept } = await connection.ask();
    assert.equal(kept, true);
    return generation === 2;
  });
  await rig.settled();
  connection.end();
});

test("nginx: a connection that never comes to rest is cut at the shutdown timeout, and counted", async () => {
  await using rig = new Rig({ native: true, config: '[drain]\ntimeout = "300ms"\nkill = "20s"\n' });
  await rig.manager.startReady();
  const connection = await KeptConnection.open(rig.port);
  const held = connection.ask(`/hold?${rig.directory}/never`);
  await rig.until("the request to be in flight", ({ generations }) =>
    generations.some(({ workers }) => workers.some(({ servers }) => servers[0]?.counters.inFlight === 1)),
  );
  assert.equal((await rig.upgrade()).failure, null);
  await assert.rejects(held, { code: "closed" });
  await rig.settled();
  assert.deepEqual(
    ledger(rig).map(({ counters }) => counters.cut),
    [1],
  );
});
