import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { stateFdName } from "../../../src/daemon/recover/fd-names.js";
import { readStateMemory } from "../../../src/state/state-memory.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

const verify = 'verify = { http = "/healthz", status = 500, timeout = "20s" }\n';

/** What the worker has told of its responses, as the next daemon would find it; undefined when it has told nothing yet. */
async function responsesOf(rig: Rig): Promise<Record<string, number> | undefined> {
  await rig.status();
  const memory = rig.manager.store.entries.find(({ name }) => name === stateFdName);
  assert.ok(memory !== undefined);
  const read = readStateMemory(memory.fd);
  assert.ok(read.ok, read.ok ? "" : read.failure.message);
  const [total] = read.value.state.counters.workers.flatMap(({ listeners }) => listeners);
  if (total === undefined) return undefined;
  const { requests, ok, clientErrors, serverErrors, aborted, slow } = total;
  return { requests, ok, clientErrors, serverErrors, aborted, slow };
}

/** A status does not wait for a worker that is slow to tell. */
async function untilTold(rig: Rig, wanted: Readonly<Record<string, number>>): Promise<void> {
  let told: Record<string, number> | undefined;
  const isTold = async (): Promise<boolean> => {
    told = await responsesOf(rig);
    return isDeepStrictEqual(told, wanted);
  };
  await rig.manager.waitFor("the responses in the state", isTold).catch(() => {});
  assert.deepEqual(told, wanted);
}

test("responses are in the state by what became of them, and the daemon's own questions are not", async () => {
  await using rig = new Rig({ native: true, config: verify });
  rig.release({ version: "1", health: 500 });
  await rig.manager.startReady();
  const connection = await KeptConnection.open(rig.port);
  await connection.ask("/");
  await connection.ask("/count");
  const other = await KeptConnection.open(rig.port);
  await assert.rejects(other.exchange("/healthz"), /status 500/);
  const gate = join(rig.directory, "gate");
  const held = connection.ask(`/hold?${gate}`);
  await rig.until("the request to be in flight", ({ generations }) => {
    return generations[0]?.workers[0]?.servers[0]?.counters.inFlight === 1;
  });
  rig.openGate(gate);
  await held;
  const counts = { ok: 3, clientErrors: 0, serverErrors: 1, aborted: 0, slow: 0 };
  // One was the verification's.
  await untilTold(rig, { requests: 5, ...counts });

  rig.release({ version: "2", health: 500 });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  await untilTold(rig, {
    requests: 1,
    ok: 0,
    clientErrors: 0,
    serverErrors: 0,
    aborted: 0,
    slow: 0,
  });
  const { totals } = await rig.status();
  assert.deepEqual([totals[0]?.ok, totals[0]?.serverErrors], [3, 1]);
  connection.end();
});

test("what takes longer than the config allows is in the state as slow, and a client that gives up on it as aborted", async () => {
  await using rig = new Rig({ native: true, config: '[judge]\nslow = "1ms"\n' });
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const patient = await KeptConnection.open(rig.port);
  const held = patient.ask(`/hold?${gate}`);
  const impatient = connect(rig.port, "127.0.0.1");
  impatient.write(`GET /hold?${gate} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await rig.until("the requests to be in flight", ({ generations }) => {
    return generations[0]?.workers[0]?.servers[0]?.counters.inFlight === 2;
  });
  impatient.destroy();
  await rig.until("the other one alone", ({ generations }) => {
    return generations[0]?.workers[0]?.servers[0]?.counters.inFlight === 1;
  });
  rig.openGate(gate);
  await held;
  await untilTold(rig, {
    requests: 2,
    ok: 1,
    clientErrors: 0,
    serverErrors: 0,
    aborted: 1,
    slow: 1,
  });
  patient.end();
});
