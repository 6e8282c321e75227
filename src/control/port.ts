import type { Result } from "../lib/failure.js";
import type { News } from "../model/event.js";
import type { Asker, Outcome } from "../model/upgrade-state.js";
import type { ChangesReport } from "./changes-reply.js";
import type { ControlFailure, HistoryEntry, StatusReport } from "./replies.js";
import type { UpgradeWish } from "./upgrade-wish.js";

export type { ChangesReport, DifferenceReport } from "./changes-reply.js";
export type {
  GenerationReport,
  HistoryEntry,
  ListenerReport,
  ProofReport,
  ReexecFailure,
  ServerReport,
  StatusReport,
  WorkerReport,
  WrittenReport,
} from "./replies.js";
export type { UpgradeWish } from "./upgrade-wish.js";

/** What the control API needs of the daemon; the only thing `control` knows about it. */
export interface ControlPort {
  report(): StatusReport;
  /** Asks for what can only be asked for, for a short time, so that the next report has it: the workers for their counters, and what is written beside the code. */
  refresh(): Promise<void>;
  /** Asks for nothing but the workers' counters: a scraper comes again and again. */
  recount(): Promise<void>;
  /** What a scraper is told. */
  metrics(): Exposition;
  /**
   * Queues the command; an upgrade or rollback is answered with the id under which its outcome will be known, a commit with that of
   * the upgrade whose generation is kept, as far as it is known still. `by` is who asks.
   */
  submit(command: ControlCommand, wish?: UpgradeWish, by?: Asker): Submission;
  /**
   * The upgrade of the reload whose command asks now, where a signal has begun it, and the daemon has lived to write that down; null for any
   * other. Of each reload once.
   */
  takeReload(): number | null;
  /** Newest last. */
  history(): readonly HistoryEntry[];
  /** What an upgrade would change now. Fails as that would, with config or release. */
  changes(): Promise<Result<ChangesReport, ControlFailure>>;
  progressOf(upgrade: number): UpgradeProgress;
  /** Calls back at each piece of news, until the returned function is called. */
  subscribe(listener: (news: News) => void): () => void;
}

/** Metrics in the format that a scraper's Accept header asks for. */
export type Exposition = (accept: string | undefined) => {
  readonly mediaType: string;
  readonly text: string;
};

export type ControlCommand = "upgrade" | "commit" | "rollback" | "reexec" | "drain" | "stop";

export type Submission =
  | { readonly accepted: true; readonly upgrade: number | null }
  | { readonly accepted: false; readonly failure: ControlFailure };

export type UpgradeProgress =
  | { readonly phase: "pending" }
  | { readonly phase: "ended"; readonly outcome: Outcome }
  | { readonly phase: "unknown" };
