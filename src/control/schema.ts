import * as v from "valibot";
import type { Failure } from "../lib/failure.js";
import type { News } from "../model/event.js";
import type { Outcome } from "../model/state.js";
import type { Totals } from "../model/totals.js";
import type {
  GenerationReport,
  HistoryEntry,
  ListenerReport,
  ReexecFailure,
  StatusReport,
  WorkerReport,
} from "./port.js";

/** What a daemon answers, as its client checks it. Keys that a later daemon may add are let pass and dropped. */

const failure = v.object({ reason: v.string(), message: v.string() }) satisfies v.GenericSchema<Failure>;

const news = v.object({
  event: v.string(),
  level: v.picklist(["info", "warning", "error"]),
  message: v.string(),
  generation: v.exactOptional(v.number()),
  worker: v.exactOptional(v.string()),
  pid: v.exactOptional(v.number()),
  upgrade: v.exactOptional(v.number()),
}) satisfies v.GenericSchema<News>;

const outcome = v.object({
  upgrade: v.number(),
  kind: v.picklist(["start", "fallback", "upgrade", "restart", "rollback"]),
  generation: v.nullable(v.number()),
  failure: v.nullable(failure),
  endedAt: v.number(),
  tookMs: v.number(),
}) satisfies v.GenericSchema<Outcome>;

const worker = v.object({
  name: v.string(),
  phase: v.picklist(["waiting", "spawning", "starting", "ready", "stopping", "draining"]),
  pid: v.nullable(v.number()),
  ageMs: v.nullable(v.number()),
  residentBytes: v.nullable(v.number()),
  crashes: v.number(),
  native: v.boolean(),
  servers: v.array(
    v.object({
      listener: v.string(),
      kind: v.string(),
      counters: v.object({
        open: v.number(),
        inFlight: v.number(),
        accepted: v.number(),
        requests: v.number(),
        moved: v.number(),
        adopted: v.number(),
        finished: v.number(),
        cut: v.number(),
      }),
    }),
  ),
  status: v.nullable(v.string()),
}) satisfies v.GenericSchema<WorkerReport>;

const totals = v.object({
  accepted: v.number(),
  requests: v.number(),
  moved: v.number(),
  adopted: v.number(),
  finished: v.number(),
  cut: v.number(),
}) satisfies v.GenericSchema<Totals>;

const generation = v.object({
  id: v.number(),
  phase: v.picklist(["candidate", "active", "held", "draining"]),
  detail: v.nullable(v.string()),
  release: v.string(),
  version: v.nullable(v.string()),
  directory: v.string(),
  createdAt: v.number(),
  workers: v.array(worker),
  counters: v.nullable(totals),
}) satisfies v.GenericSchema<GenerationReport>;

const listener = v.object({
  name: v.string(),
  address: v.string(),
  origin: v.picklist(["unit", "bound", "stored"]),
  generations: v.array(v.number()),
  backlog: v.nullable(v.object({ queued: v.number(), limit: v.number() })),
}) satisfies v.GenericSchema<ListenerReport>;

const reexecFailed = v.nullable(
  v.object({ at: v.number(), message: v.string() }) satisfies v.GenericSchema<ReexecFailure>,
);

export const statusReply = v.object({
  name: v.string(),
  version: v.string(),
  pid: v.number(),
  unit: v.nullable(v.string()),
  lifecycle: v.picklist(["starting", "running", "drained", "stopping", "leaving"]),
  summary: v.string(),
  degraded: v.nullable(v.string()),
  upgrade: v.nullable(v.object({ id: v.number(), generation: v.nullable(v.number()) })),
  lastUpgrade: v.nullable(outcome),
  generations: v.array(generation),
  listeners: v.array(listener),
  upMs: v.nullable(v.number()),
  totals: v.array(v.object({ listener: v.string(), ...totals.entries })),
  written: v.array(v.object({ directory: v.string(), paths: v.array(v.string()), line: v.string() })),
  notifyDropped: v.number(),
  reexecFailed,
}) satisfies v.GenericSchema<StatusReport>;

const historyEntry = v.object({
  generation: v.number(),
  release: v.string(),
  version: v.nullable(v.string()),
  from: v.number(),
  to: v.nullable(v.number()),
  note: v.string(),
  returnable: v.boolean(),
}) satisfies v.GenericSchema<HistoryEntry>;

export const historyReply = v.object({ history: v.array(historyEntry) });
export const versionReply = v.object({
  name: v.string(),
  version: v.string(),
  pid: v.number(),
  reexecFailed: v.optional(reexecFailed, null),
});
export const acceptedReply = v.object({ accepted: v.literal(true) });
export const upgradeReply = v.object({ upgrade: v.number() });
export const errorReply = v.object({ error: failure });
export const upgradeLine = v.union([v.object({ news }), v.object({ outcome })]);
export const eventLine = news;
