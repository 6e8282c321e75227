import type { Failure } from "../lib/failure.js";
import type { News } from "../model/event.js";
import type { ListenerOrigin, Outcome } from "../model/state.js";
import type { ListenerTotals, Totals } from "../model/totals.js";

/** What the control API needs of the daemon; the only thing `control` knows about it. */
export interface ControlPort {
  report(): StatusReport;
  /** Asks the workers for their counters, for a short time, so that the next report has them. */
  refresh(): Promise<void>;
  /**
   * Queues the command; an upgrade or rollback is answered with the id under which its outcome will be known.
   */
  submit(command: Command, wish?: UpgradeWish): Submission;
  /** Newest last. */
  history(): readonly HistoryEntry[];
  progressOf(upgrade: number): UpgradeProgress;
  /** Calls back at each piece of news, until the returned function is called. */
  subscribe(listener: (news: News) => void): () => void;
}

export type Command = "upgrade" | "commit" | "rollback" | "reexec" | "drain" | "stop";

export interface UpgradeWish {
  /** The generation to roll back to. */
  readonly to?: number;
  /** The generation before the new one serves on until somebody decides. */
  readonly hold?: boolean;
}

export type Submission =
  | { readonly accepted: true; readonly upgrade: number | null }
  | { readonly accepted: false; readonly failure: Failure };

export type UpgradeProgress =
  | { readonly phase: "pending" }
  | { readonly phase: "ended"; readonly outcome: Outcome }
  | { readonly phase: "unknown" };

/** `GET /v1/status`, and what `holdfast status --json` prints. */
export interface StatusReport {
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  /** The unit under systemd, null elsewhere. */
  readonly unit: string | null;
  readonly lifecycle: "starting" | "running" | "drained" | "stopping" | "leaving";
  /** One sentence, the same as the unit's STATUS=. */
  readonly summary: string;
  /** Serving, but the last upgrade failed, workers are missing or the state cannot be written. */
  readonly degraded: string | null;
  readonly upgrade: { readonly id: number; readonly generation: number | null } | null;
  readonly lastUpgrade: Outcome | null;
  readonly generations: readonly GenerationReport[];
  readonly listeners: readonly ListenerReport[];
  /** Since the service first answered after it was started; null while it has not, and in a stop. */
  readonly upMs: number | null;
  /** By name of the listener, over all native workers that there have been since the state was first written. They never go back. */
  readonly totals: readonly ListenerTotals[];
  /** What the app has written beside its code, where the next version does not find it. */
  readonly written: readonly WrittenReport[];
  /** Datagrams on the notify socket that came from no worker or were malformed. */
  readonly notifyDropped: number;
  /** Since this daemon was started: the last one that was to take its place and did not. */
  readonly reexecFailed: ReexecFailure | null;
}

export interface ReexecFailure {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
}

export interface GenerationReport {
  readonly id: number;
  readonly phase: "candidate" | "active" | "held" | "draining";
  /** Why it drains, or what a candidate waits for. */
  readonly detail: string | null;
  readonly release: string;
  /** What the release calls itself. */
  readonly version: string | null;
  /** Where its workers run: its snapshot, or the release itself. */
  readonly directory: string;
  readonly createdAt: number;
  readonly workers: readonly WorkerReport[];
  /** Over all native workers that it has had, those that have ended among them; null when none has told anything. */
  readonly counters: Totals | null;
}

export interface WrittenReport {
  /** The snapshot they are in. */
  readonly directory: string;
  readonly paths: readonly string[];
  /** The line of the config with which the next snapshot shares them. */
  readonly line: string;
}

/** `GET /v1/history`, a generation that ran or runs. */
export interface HistoryEntry {
  readonly generation: number;
  readonly release: string;
  readonly version: string | null;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Null as long as it is there. */
  readonly to: number | null;
  /** What it does, or why it ended. */
  readonly note: string;
  /** Whether `rollback` can return to it. */
  readonly returnable: boolean;
}

export interface WorkerReport {
  readonly name: string;
  readonly phase: "waiting" | "spawning" | "starting" | "ready" | "stopping" | "draining";
  readonly pid: number | null;
  readonly ageMs: number | null;
  readonly residentBytes: number | null;
  readonly crashes: number;
  /** It speaks the worker protocol: it can hand over its connections. */
  readonly native: boolean;
  readonly status: string | null;
  /** Of a native worker, by its own account. */
  readonly servers: readonly ServerReport[];
}

/** One served server of a worker. All numbers but `open` and `inFlight` only grow. */
export interface ServerReport {
  readonly listener: string;
  readonly kind: string;
  readonly counters: Totals & { readonly open: number; readonly inFlight: number };
}

export interface ListenerReport {
  readonly name: string;
  readonly address: string;
  readonly origin: ListenerOrigin;
  readonly generations: readonly number[];
  /** Connections waiting to be accepted and how many may; TCP only. */
  readonly backlog: { readonly queued: number; readonly limit: number } | null;
}
