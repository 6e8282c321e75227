import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { unjudged } from "../../../src/model/plan.js";
import { initialState } from "../../../src/model/state.js";
import { decodeRecord, encodeRecord } from "../../../src/state/encode.js";

/** What the daemon before snapshots has written: generation 2 runs, and 1 can be returned to. */
const plan = {
  command: ["serve"],
  release: "/srv/web",
  workers: 1,
  strategy: "overlap",
  environment: {},
  check: null,
  ready: { rule: { when: "notify" }, timeoutMs: 30_000 },
  warm: [],
  verify: null,
  drain: { timeoutMs: 60_000, killMs: 5_000 },
};
const specification = { plan, listeners: null };
const worker = {
  index: 0,
  crashes: 0,
  native: false,
  status: null,
  run: { phase: "ready", process: { pid: 7, startTime: 70 }, since: 5 },
};
const { snapshots: _, counters: __, upSince: ___, accounts: ____, tally: _____, ...before } = initialState;
const format1 = {
  name: "web",
  bootId: "b",
  revision: 3,
  state: {
    ...before,
    nextGeneration: 3,
    lifecycle: { phase: "running" },
    generations: [
      {
        id: 2,
        specification,
        listeners: [],
        workers: [worker],
        createdAt: 1,
        stage: { phase: "active", since: 1 },
      },
    ],
    upgrade: { id: 3, kind: "upgrade", requestedAt: 6, generation: null },
    retired: [{ generation: 1, specification }],
  },
};

function envelope(format: number, record: unknown): string {
  const json = JSON.stringify(record);
  const checksum = createHash("sha256").update(json).digest("hex");
  return `{"format":${format},"checksum":"${checksum}","record":${json}}\n`;
}

test("a generation's own listener is told from one that is handed on, where it was not written down", () => {
  const listener = {
    id: 1,
    name: "probe",
    address: "127.0.0.1:4711",
    inode: "7",
    file: null,
    origin: "bound",
    backlog: 9,
  };
  const address = { kind: "tcp", family: 4, host: "127.0.0.1", port: 0 };
  const declared = [{ name: "probe", address, backlog: null, mode: null }];
  const [generation] = format1.state.generations;
  const originsWith = (listeners: unknown): unknown => {
    const generations = [{ ...generation, specification: { plan, listeners }, listeners: [1] }];
    const record = { ...format1, state: { ...format1.state, generations, listeners: [listener] } };
    const decoded = decodeRecord(envelope(3, record));
    return decoded.ok ? decoded.value.state.listeners.map(({ origin }) => origin) : decoded.failure.message;
  };
  assert.deepEqual(originsWith(declared), ["own"]);
  assert.deepEqual(originsWith([{ ...declared[0], address: { ...address, port: 4711 } }]), ["bound"]);
  assert.deepEqual(originsWith(null), ["bound"]);
});

test("a state of format 1 is read: its generations run in the release itself, and go on doing so", () => {
  const decoded = decodeRecord(envelope(1, format1));
  assert.ok(decoded.ok, decoded.ok ? "" : decoded.failure.message);
  const { state } = decoded.value;
  const wanted = {
    specification: {
      plan: {
        ...plan,
        drain: { ...plan.drain, signal: "SIGTERM" },
        snapshot: false,
        shared: [],
        writable: [],
        keep: 3,
        ...unjudged,
      },
      listeners: null,
    },
  };
  assert.deepEqual(state.generations, [
    {
      ...format1.state.generations[0],
      ...wanted,
      workers: [{ ...worker, protocol: 0 }],
      snapshot: null,
      version: null,
      commit: null,
      origin: null,
      stage: { phase: "active", since: 1, proof: { kind: "proved" } },
      servesSince: null,
      deaths: 0,
      probationDeaths: 0,
      proved: true,
      noWayBack: null,
    },
  ]);
  assert.deepEqual(state.retired, [
    { generation: 1, ...wanted, snapshot: null, version: null, commit: null, proved: true, track: null },
  ]);
  assert.deepEqual([state.snapshots, state.upgrade?.to], [[], null]);
  assert.deepEqual([state.counters, state.upSince], [initialState.counters, null]);
  assert.deepEqual([state.accounts, state.tally], [[], initialState.tally]);
  assert.deepEqual(decodeRecord(encodeRecord(decoded.value)), decoded);
  assert.match(encodeRecord(decoded.value), /^\{"format":3,/);
});
