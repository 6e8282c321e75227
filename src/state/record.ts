import * as v from "valibot";
import { count, finite } from "../lib/numbers.js";
import { initialState, type State } from "../model/state.js";
import { nothingTallied } from "../model/tally.js";
import { account, tally } from "./account-schema.js";
import { specification } from "./plan-schema.js";
import { failure, listenerTotals, origin, outcome, request } from "./upgrade-schema.js";

const text = v.string();
const process = v.object({ pid: v.pipe(count, v.minValue(1)), startTime: v.nullable(count) });

const run = v.variant("phase", [
  v.object({ phase: v.literal("waiting"), until: finite }),
  v.object({ phase: v.literal("spawning") }),
  v.object({ phase: v.picklist(["starting", "ready", "stopping", "draining"]), process, since: finite }),
]);

const why = v.variant("kind", [
  v.object({ kind: v.literal("superseded"), by: count }),
  v.object({ kind: v.literal("rejected"), by: count, failure }),
  v.object({ kind: v.literal("failed"), failure }),
  v.object({ kind: v.literal("stopped") }),
]);

const track = v.object({
  generation: count,
  workers: count,
  servedMs: finite,
  deaths: count,
  probationDeaths: count,
  responses: count,
  failed: count,
});

const proof = v.variant("kind", [
  v.object({
    kind: v.literal("trial"),
    since: finite,
    until: v.nullable(finite),
    before: track,
  }),
  v.object({
    kind: v.literal("probation"),
    until: finite,
    own: track,
    before: v.nullable(track),
  }),
  v.object({ kind: v.literal("proved") }),
  v.object({ kind: v.literal("rejected"), failure, retryAt: v.nullable(finite) }),
]);

const stage = v.variant("phase", [
  v.object({
    phase: v.literal("candidate"),
    step: v.picklist(["copying", "checking", "waiting", "starting", "examining", "verifying", "staged"]),
    deadline: v.nullable(finite),
  }),
  v.object({ phase: v.literal("active"), since: finite, proof: v.optional(proof, { kind: "proved" }) }),
  v.object({ phase: v.literal("held"), by: count }),
  v.object({
    phase: v.literal("draining"),
    why,
    pressure: v.picklist(["asked", "insisted", "killed"]),
    deadline: finite,
  }),
]);

/** The snapshot of a generation, and what its release calls itself. */
const source = {
  snapshot: v.optional(v.nullable(count), null),
  version: v.optional(v.nullable(text), null),
  commit: v.optional(v.nullable(text), null),
};

const generation = v.object({
  id: count,
  specification,
  ...source,
  origin,
  listeners: v.array(count),
  workers: v.array(
    v.object({
      index: count,
      crashes: count,
      native: v.boolean(),
      protocol: v.optional(count, 0),
      status: v.nullable(text),
      run,
      leaving: v.optional(v.object({ heir: count, deadline: v.nullable(finite), insisted: v.boolean() })),
    }),
  ),
  createdAt: finite,
  stage,
  servesSince: v.optional(v.nullable(finite), null),
  deaths: v.optional(count, 0),
  probationDeaths: v.optional(count, 0),
  // What served before there were probations has served.
  proved: v.optional(v.boolean(), true),
  noWayBack: v.optional(v.nullable(failure), null),
});

const listener = v.object({
  id: count,
  name: text,
  address: text,
  inode: text,
  file: v.optional(v.nullable(text), null),
  origin: v.picklist(["unit", "bound", "stored", "app", "own"]),
  backlog: v.nullable(count),
});

const snapshot = v.object({
  id: count,
  phase: v.picklist(["making", "ready", "removing", "unknown"]),
  fingerprint: v.nullable(text),
  written: v.nullable(v.array(text)),
});

const lifecycle = v.variant("phase", [
  v.object({ phase: v.picklist(["starting", "running", "drained"]) }),
  v.object({ phase: v.literal("stopping"), failure: v.nullable(failure) }),
  v.object({ phase: v.literal("leaving"), next: v.picklist(["adopt", "upgrade"]) }),
]);

const counters = v.object({
  ended: v.array(listenerTotals),
  generations: v.array(v.object({ generation: count, listeners: v.array(listenerTotals) })),
  workers: v.array(
    v.object({
      generation: count,
      index: count,
      pid: v.pipe(count, v.minValue(1)),
      listeners: v.array(listenerTotals),
    }),
  ),
});

const state = v.object({
  nextGeneration: count,
  nextUpgrade: count,
  nextListener: count,
  lifecycle,
  failedStart: v.optional(v.nullable(v.object({ count, failure, retryAt: finite })), null),
  listeners: v.array(listener),
  closing: v.array(listener),
  generations: v.array(generation),
  snapshots: v.optional(v.array(snapshot), () => []),
  upgrade: v.nullable(v.object({ ...request, generation: v.nullable(count) })),
  queued: v.nullable(v.object(request)),
  reload: v.optional(v.nullable(v.object({ mark: text, upgrade: count })), null),
  outcomes: v.array(outcome),
  retired: v.array(
    v.object({
      generation: count,
      specification,
      ...source,
      proved: v.optional(v.boolean(), true),
      track: v.optional(v.nullable(track), null),
    }),
  ),
  rejected: v.optional(
    v.array(
      v.object({
        generation: count,
        specification,
        fingerprint: text,
        version: v.nullable(text),
        by: v.picklist(["judge", "rollback", "start"]),
        failure,
        at: finite,
      }),
    ),
    () => [],
  ),
  rolledBack: v.optional(v.nullable(v.object({ from: count, to: count, failure })), null),
  unwritable: v.nullable(failure),
  // A daemon that does not know them leaves them out: then they begin anew.
  counters: v.optional(counters, () => initialState.counters),
  accounts: v.optional(v.array(account), () => []),
  tally: v.optional(tally, nothingTallied),
  upSince: v.optional(v.nullable(finite), null),
}) satisfies v.GenericSchema<unknown, State>;

/** What the state file holds: the state and what tells whether it is still true. */
export const recordSchema = v.object({
  /** The service the state is of. */
  name: text,
  /** Of the boot in which it was written: processes and monotonic times of another boot mean nothing. */
  bootId: text,
  /** Counts writes: of two copies the higher one is the newer. */
  revision: count,
  state,
}) satisfies v.GenericSchema<unknown, StateRecord>;

export interface StateRecord {
  readonly name: string;
  readonly bootId: string;
  readonly revision: number;
  readonly state: State;
}
