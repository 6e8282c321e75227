import type { PhaseName } from "../lib/phases.js";
import type { Monotonic, WallTime } from "./clock.js";
import type { ModelFailure } from "./failure.js";
import type { ListenerTotals } from "./totals.js";
import type { Asked, FinalVerdict, UpgradeKind } from "./upgrade-state.js";

/**
 * What is known of an upgrade, from its request until what became of its generation is known and what it left has ended: then it goes to
 * the ledger.
 */
export interface Account {
  readonly upgrade: number;
  readonly kind: UpgradeKind;
  readonly asked: Asked | null;
  readonly startedAt: WallTime;
  readonly requestedAt: Monotonic;
  /** In the order in which they began. */
  readonly phases: readonly Phase[];
  /** What served when it was asked for, and what it had done by then; null: nothing did. */
  readonly old: (Side & { readonly before: Progress }) | null;
  /** Null: it has not come to a generation of its own. */
  readonly new: Side | null;
  /** Null: nobody has looked. */
  readonly witness: Witness | null;
  /** It has ended, well or not; null as long as it is under way. */
  readonly result: { readonly failure: ModelFailure | null } | null;
  /** What became of its generation; null as long as it is not known, and where it failed. */
  readonly verdict: FinalVerdict | null;
}

/** What an upgrade did, from when to when. */
export interface Phase {
  readonly phase: PhaseName;
  readonly since: Monotonic;
  /** Null as long as it goes on. */
  readonly until: Monotonic | null;
}

export interface Side {
  readonly generation: number;
  /** All that the generation had done when it ended; null as long as the state has it. */
  readonly end: Progress | null;
}

export interface Progress {
  /** Null: none of its workers has told anything, as plain ones do not. */
  readonly listeners: readonly ListenerTotals[] | null;
  /** Workers that ended by themselves. */
  readonly deaths: number;
}

/** What the kernel has shown, looked at again and again as long as clients could be kept waiting. */
export interface Witness {
  /** ListenOverflows and ListenDrops of the network namespace, netstat(8); null: cannot be read. */
  readonly overflows: Span | null;
  readonly drops: Span | null;
  /** By name; those whose queue can be seen. */
  readonly backlogs: readonly FullestBacklog[];
  /** The longest time in which clients waited at a listener and nobody was accepted there; null: who waits cannot be seen. */
  readonly stillMs: number | null;
}

/** A count of the kernel's at the first look, and at the last. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** The longest that a listener's queue was, and how long it may be. */
export interface FullestBacklog {
  readonly listener: string;
  readonly queued: number;
  readonly limit: number;
}
