import * as v from "valibot";
import { accountSchema, askedSchema, failureSchema, kindSchema, verdictSchema } from "../lib/account.js";
import { counterNames, gaugeNames } from "../lib/counters.js";
import type { FailureOf } from "../lib/failure.js";
import { isReason } from "../lib/reasons.js";
import type { News } from "../model/event.js";
import type { ListenerOrigin, Rejected, RolledBack } from "../model/state.js";
import type { Outcome } from "../model/upgrade-state.js";
import { tallySchema } from "./tally-reply.js";

/** What a daemon answers, as its client checks it. Keys that a later daemon may add are let pass and dropped. */

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;
export type ReportOf<Schema extends v.GenericSchema> = Frozen<v.InferOutput<Schema>>;

/** Why an answer did not come, or why it is no. */
export type ControlFailure = FailureOf<"config" | "control" | "daemon" | "model" | "process" | "release">;

const refusal = v.object({ reason: v.custom<ControlFailure["reason"]>(isReason), message: v.string() });

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
  kind: kindSchema,
  generation: v.nullable(v.number()),
  asked: v.optional(askedSchema, null),
  failure: v.nullable(failureSchema),
  endedAt: v.number(),
  tookMs: v.number(),
  verdict: v.optional(v.nullable(verdictSchema), null),
}) satisfies v.GenericSchema<unknown, Outcome>;

const totals = v.entriesFromList(counterNames, v.optional(v.number(), 0));

/** One served server of a worker. */
const server = v.object({
  listener: v.string(),
  kind: v.string(),
  counters: v.object({ ...v.entriesFromList(gaugeNames, v.number()), ...totals }),
});

const worker = v.object({
  name: v.string(),
  phase: v.picklist(["waiting", "spawning", "starting", "ready", "stopping", "draining"]),
  pid: v.nullable(v.number()),
  ageMs: v.nullable(v.number()),
  residentBytes: v.nullable(v.number()),
  crashes: v.number(),
  /** It speaks the worker protocol: it can hand over its connections. */
  native: v.boolean(),
  status: v.nullable(v.string()),
  /** How long the event loop of a native worker took to answer the daemon's last question. */
  lagMs: v.optional(v.nullable(v.number()), null),
  /** Of a native worker, by its own account. */
  servers: v.array(server),
});

/** What the judges know of a generation in the time that is looked at. Of plain workers nobody counts responses. */
const numbers = v.object({
  generation: v.number(),
  servedMs: v.number(),
  /** Workers that ended by themselves. */
  deaths: v.number(),
  responses: v.number(),
  /** Of them: errors of the server, aborted before their end, or too slow. */
  failed: v.number(),
});

/** How far a generation that is active has proved itself. */
const proof = v.object({
  kind: v.picklist(["trial", "probation", "proved", "rejected"]),
  /** Of the trial or probation; null where it has no end. */
  leftMs: v.nullable(v.number()),
  /** Why it was rejected. */
  failure: v.nullable(failureSchema),
  /** In this trial or probation. */
  now: v.nullable(numbers),
  /** Of the generation before: in a trial at the same time, in a probation in all its time. */
  before: v.nullable(numbers),
  /** Of the new connections, in a trial with `trial.share`; `measured` in the last seconds, null before anything came. */
  share: v.optional(v.nullable(v.object({ wanted: v.number(), measured: v.nullable(v.number()) })), null),
});

const generation = v.object({
  id: v.number(),
  phase: v.picklist(["candidate", "active", "held", "draining"]),
  /** A candidate that is verified, and stands by until somebody commits it. */
  staged: v.optional(v.boolean(), false),
  /** Why it drains, what a candidate waits for, how long it has to prove itself. */
  detail: v.nullable(v.string()),
  proof: v.optional(v.nullable(proof), null),
  release: v.string(),
  /** What the release calls itself. */
  version: v.nullable(v.string()),
  /** The number of its snapshot, which it shares with generations that were rolled back to it; null: it runs in the release itself. */
  snapshot: v.optional(v.nullable(v.number()), null),
  /** Where its workers run: its snapshot, or the release itself. */
  directory: v.string(),
  createdAt: v.number(),
  workers: v.array(worker),
  /** Over all native workers that it has had, those that have ended among them; null when none has told anything. */
  counters: v.nullable(v.object(totals)),
});

const listener = v.object({
  name: v.string(),
  address: v.string(),
  origin: v.picklist(["unit", "bound", "stored", "app", "own"] satisfies ListenerOrigin[]),
  generations: v.array(v.number()),
  /** Connections waiting to be accepted and how many may; TCP only. */
  backlog: v.nullable(v.object({ queued: v.number(), limit: v.number() })),
  /** How long clients have waited with nobody accepted; null where that is not so, or cannot be seen. */
  stalledMs: v.optional(v.nullable(v.number()), null),
  /** Why clients are refused. */
  down: v.optional(v.nullable(v.string()), null),
});

const written = v.object({
  /** The snapshot they are in. */
  directory: v.string(),
  paths: v.array(v.string()),
  /** The line of the config with which the next snapshot shares them. */
  line: v.string(),
});

/** What no start, restart or rollback chooses by itself again: a judge found it bad, somebody rolled back from it, or it did not start. */
const rejected = v.object({
  generation: v.number(),
  version: v.nullable(v.string()),
  /** Milliseconds since the epoch. */
  at: v.number(),
  by: v.picklist(["judge", "rollback", "start"]),
  failure: failureSchema,
}) satisfies v.GenericSchema<unknown, Omit<Rejected, "specification" | "fingerprint">>;

const rolledBack = v.object({
  from: v.number(),
  to: v.number(),
  failure: failureSchema,
}) satisfies v.GenericSchema<unknown, RolledBack>;

/** Where metrics are told besides the control socket, and why not where the config says so. */
const metrics = v.nullable(v.object({ addresses: v.array(v.string()), problem: v.nullable(v.string()) }));

const reexecFailure = v.object({
  /** Milliseconds since the epoch. */
  at: v.number(),
  message: v.string(),
});

/** `GET /v1/status`, and what `holdfast status --json` prints. */
export const statusReply = v.object({
  name: v.string(),
  version: v.string(),
  pid: v.number(),
  /** The unit under systemd, null elsewhere. */
  unit: v.nullable(v.string()),
  lifecycle: v.picklist(["starting", "running", "drained", "stopping", "leaving"]),
  /** One sentence, the same as the unit's STATUS=. */
  summary: v.string(),
  /** Not serving yet, or the last upgrade failed, a version was rejected, workers are missing, clients wait, or the state cannot be written. */
  degraded: v.nullable(v.string()),
  /** Why the state cannot be written, as long as it cannot. */
  unwritable: v.optional(v.nullable(v.string()), null),
  upgrade: v.nullable(v.object({ id: v.number(), generation: v.nullable(v.number()) })),
  lastUpgrade: v.nullable(outcome),
  /** Of the upgrades that are not over: their generation has not proved itself, or what they left has not ended. Newest last. */
  accounts: v.optional(v.array(accountSchema), []),
  tally: v.optional(v.nullable(tallySchema), null),
  generations: v.array(generation),
  listeners: v.array(listener),
  /** Since the service first answered after it was started; null while it has not, and in a stop. */
  upMs: v.nullable(v.number()),
  /** By name of the listener, over all native workers that there have been since the state was first written. They never go back. */
  totals: v.array(v.object({ listener: v.string(), ...totals })),
  /** What the app has written beside its code, where the next version does not find it. */
  written: v.array(written),
  /** Newest last. */
  rejected: v.optional(v.array(rejected), []),
  /** Why what serves is not what was deployed last. */
  rolledBack: v.optional(v.nullable(rolledBack), null),
  /** Datagrams on notify sockets that came from another worker or were malformed. */
  notifyDropped: v.number(),
  /** Since this daemon was started: the last one that was to take its place and did not. */
  reexecFailed: v.nullable(reexecFailure),
  metrics: v.optional(metrics, null),
});

/** A generation that ran or runs. */
const historyEntry = v.object({
  generation: v.number(),
  release: v.string(),
  version: v.nullable(v.string()),
  /** That the release was a checkout of. */
  commit: v.optional(v.nullable(v.string()), null),
  /** The upgrade that made it; null where that is not known. */
  origin: v.optional(v.nullable(v.object({ kind: kindSchema, asked: v.optional(askedSchema, null) })), null),
  /** Milliseconds since the epoch. */
  from: v.number(),
  /** Null as long as it is there. */
  to: v.nullable(v.number()),
  /** What it does, or why it ended. */
  note: v.string(),
  /** What became of it; null as long as it is not known. */
  end: v.optional(v.nullable(v.picklist(["proved", "rolled-back", "replaced", "failed", "drained"])), null),
  /** Whether `rollback` can return to it. */
  returnable: v.boolean(),
  /** A judge found it bad, or somebody rolled back from it: nothing chooses it by itself. */
  rejected: v.optional(v.boolean(), false),
  /** Whether a `rollback` that names no generation returns to it. */
  wayBack: v.optional(v.boolean(), false),
  /** Of the upgrade that made it; null where none was written down. */
  account: v.optional(v.nullable(accountSchema), null),
});

export const historyReply = v.object({ history: v.array(historyEntry) });
export const versionReply = v.object({
  name: v.string(),
  version: v.string(),
  pid: v.number(),
  reexecFailed: v.optional(v.nullable(reexecFailure), null),
});
export const acceptedReply = v.object({ accepted: v.literal(true) });
export const upgradeReply = v.object({ upgrade: v.number() });
/** `upgrade`: by which it can be followed; null where there is none, or the daemon is an older one. */
export const commitReply = v.object({ upgrade: v.optional(v.nullable(v.number()), null) });
export const errorReply = v.object({ error: refusal });
export const upgradeLine = v.union([v.object({ news }), v.object({ outcome })]);
export const eventLine = news;

export type StatusReport = ReportOf<typeof statusReply>;
export type GenerationReport = ReportOf<typeof generation>;
export type ProofReport = ReportOf<typeof proof>;
export type NumbersReport = ReportOf<typeof numbers>;
export type RejectedReport = ReportOf<typeof rejected>;
export type TallyReport = ReportOf<typeof tallySchema>;
export type WorkerReport = ReportOf<typeof worker>;
export type ServerReport = ReportOf<typeof server>;
export type ListenerReport = ReportOf<typeof listener>;
export type WrittenReport = ReportOf<typeof written>;
export type MetricsReport = ReportOf<typeof metrics>;
export type ReexecFailure = ReportOf<typeof reexecFailure>;
export type HistoryEntry = ReportOf<typeof historyEntry>;
