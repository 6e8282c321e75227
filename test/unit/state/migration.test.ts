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
const { snapshots: _, counters: __, upSince: ___, ...before } = initialState;
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

test("a state of format 1 is read: its generations run in the release itself, and go on doing so", () => {
  const json = JSON.stringify(format1);
  const checksum = createHash("sha256").update(json).digest("hex");
  const decoded = decodeRecord(`{"format":1,"checksum":"${checksum}","record":${json}}\n`);
  assert.ok(decoded.ok, decoded.ok ? "" : decoded.failure.message);
  const { state } = decoded.value;
  const wanted = {
    specification: {
      plan: { ...plan, snapshot: false, shared: [], writable: [], keep: 3, ...unjudged },
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
  assert.deepEqual(decodeRecord(encodeRecord(decoded.value)), decoded);
  assert.match(encodeRecord(decoded.value), /^\{"format":3,/);
});
