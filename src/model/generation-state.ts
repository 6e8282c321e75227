import type { Monotonic, WallTime } from "./clock.js";
import type { ModelFailure } from "./failure.js";
import type { Specification } from "./plan.js";
import type { Asked, UpgradeKind } from "./upgrade-state.js";

/** Identity of a process; `startTime` in clock ticks since boot (proc(5), stat field 22), null where /proc hides it. */
export interface Process {
  readonly pid: number;
  readonly startTime: number | null;
}

/**
 * `spawning` is an intent without a process; `stopping` an intent to ask for the drain. `draining` means that it was asked
 * for; where that may have been lost it becomes `stopping` again.
 */
export type WorkerRun =
  | { readonly phase: "waiting"; readonly until: Monotonic }
  | { readonly phase: "spawning" }
  | { readonly phase: "starting"; readonly process: Process; readonly since: Monotonic }
  | { readonly phase: "ready"; readonly process: Process; readonly since: Monotonic }
  | { readonly phase: "stopping"; readonly process: Process; readonly since: Monotonic }
  | { readonly phase: "draining"; readonly process: Process; readonly since: Monotonic };

export type LiveRun = Exclude<WorkerRun, { phase: "waiting" | "spawning" }>;

export interface Worker {
  readonly index: number;
  /** Crashes in a row, reset after a minute up: sets the backoff. */
  readonly crashes: number;
  /** It has said hello on its channel: it can stand by, be probed, and hand over. */
  readonly native: boolean;
  /** The version of the worker protocol that it speaks with the daemon; 0 before its hello. */
  readonly protocol: number;
  /** The worker's own STATUS=. */
  readonly status: string | null;
  readonly run: WorkerRun;
  /** It was told to end by somebody other than the daemon. Missing: it was not. */
  readonly leaving?: Leaving | undefined;
}

/** A worker of a generation that serves on, and the one that takes its place. */
export interface Leaving {
  /** Index of the other worker; its own where it only stood by, and nobody takes anything over. */
  readonly heir: number;
  /** When it is pressed; null before it drains, and when nothing is left but to wait for its end. */
  readonly deadline: Monotonic | null;
  /** It has been pressed by SIGTERM. */
  readonly insisted: boolean;
}

export type DrainReason =
  | { readonly kind: "superseded"; readonly by: number }
  /** It was active, and judged bad; what serves instead. */
  | { readonly kind: "rejected"; readonly by: number; readonly failure: ModelFailure }
  | { readonly kind: "failed"; readonly failure: ModelFailure }
  | { readonly kind: "stopped" };

export type Stage =
  | {
      readonly phase: "candidate";
      /**
       * waiting: it starts when what served before has ended, which has been told to; examining: it was not ready in time, and is looked at
       * for the reason; staged: verified, and left standing by until somebody commits it.
       */
      readonly step: "copying" | "checking" | "waiting" | "starting" | "examining" | "verifying" | "staged";
      /** Null while it waits, and once it is staged. */
      readonly deadline: Monotonic | null;
    }
  | { readonly phase: "active"; readonly since: WallTime; readonly proof: Proof }
  /** It was active, and serves on beside the generation that is on trial. */
  | { readonly phase: "held"; readonly by: number }
  | {
      readonly phase: "draining";
      readonly why: DrainReason;
      /** asked: SIGTERM sent; insisted: SIGTERM sent again; killed: SIGKILL sent. */
      readonly pressure: "asked" | "insisted" | "killed";
      readonly deadline: Monotonic;
    };

/** How far a generation that is active has proved itself. */
export type Proof =
  /** The one before serves beside it, as long as it is there. `until` null: until somebody decides. */
  | {
      readonly kind: "trial";
      readonly since: Monotonic;
      readonly until: Monotonic | null;
      /** Of the generation before, when the trial began. */
      readonly before: Track;
    }
  /** It serves alone. */
  | {
      readonly kind: "probation";
      readonly until: Monotonic;
      /** Its own numbers when the probation began. */
      readonly own: Track;
      /** Of the generation before, in all its time; null where there was none in this boot. */
      readonly before: Track | null;
    }
  | { readonly kind: "proved" }
  /** It is to be left as soon as that is possible, `retryAt`; null: there is nothing to go back to, or it is not allowed. */
  | { readonly kind: "rejected"; readonly failure: ModelFailure; readonly retryAt: Monotonic | null };

/** What a generation has shown of itself while it served. */
export interface Track {
  readonly generation: number;
  readonly workers: number;
  readonly servedMs: number;
  /** Workers that ended by themselves. */
  readonly deaths: number;
  /** Those of its probation. */
  readonly probationDeaths: number;
  readonly responses: number;
  /** Of the responses: errors of the server, cut short, or too slow. */
  readonly failed: number;
}

export interface Origin {
  readonly kind: UpgradeKind;
  readonly asked: Asked | null;
}

export interface Generation {
  readonly id: number;
  readonly specification: Specification;
  /** The snapshot that its workers run in; null: in the release itself. */
  readonly snapshot: number | null;
  /** What its release calls itself, as far as is known. */
  readonly version: string | null;
  /** That its release was a checkout of, as far as is known. */
  readonly commit: string | null;
  /** The upgrade that made it; null where that is not known. */
  readonly origin: Origin | null;
  /** Ids of its listeners in the order of the workers' fds from 3 up. */
  readonly listeners: readonly number[];
  readonly workers: readonly Worker[];
  readonly createdAt: WallTime;
  readonly stage: Stage;
  /** Since when it has been active or held; null as long as it has not. */
  readonly servesSince: Monotonic | null;
  /** Workers that ended by themselves since then, and those of its probation. */
  readonly deaths: number;
  readonly probationDeaths: number;
  /** It has come through its trial and probation, or there was nothing to compare it with. */
  readonly proved: boolean;
  /** Why going back from it would lose the state of its workers; null where nothing would be lost. */
  readonly noWayBack: ModelFailure | null;
}
