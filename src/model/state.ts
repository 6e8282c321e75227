import type { ModelFailure } from "./failure.js";
import type { Specification } from "./plan.js";
import type { ServiceCounters } from "./totals.js";

/** A time that survives the daemon: milliseconds of CLOCK_MONOTONIC, comparable between processes of one boot. */
export type Monotonic = number;
/** Milliseconds since the epoch, for people only. */
export type WallTime = number;

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
  /** Index of the other worker. */
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

/**
 * `unit`: the .socket unit passes it and owns its address and socket file; `bound`: opened by the daemon;
 * `stored`: once a unit's, now kept by the fd store alone; `app`: opened by the daemon because an app listens there, while no config
 * says so: workers have it when they ask for it, and it goes when no generation has asked.
 */
export type ListenerOrigin = "unit" | "bound" | "stored" | "app";

/** A listen socket that the daemon holds. `inode` tells it from any other socket alive. */
export interface Listener {
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly inode: string;
  /** The unix socket's file that the daemon made, as device and inode; null for all others. */
  readonly file: string | null;
  readonly origin: ListenerOrigin;
  readonly backlog: number | null;
}

/**
 * A copy of a release, under its id on disk. `making`: there may be a part of it; `ready`: whole; `removing`: it is to
 * go; `unknown`: found on disk by a daemon that had lost its state, so left-over workers may run in it.
 */
export interface Snapshot {
  /** That of the generation it was made for. */
  readonly id: number;
  readonly phase: "making" | "ready" | "removing" | "unknown";
  /** Equal to another's: made of the same release, untouched in between. Null until it is ready. */
  readonly fingerprint: string | null;
  /** Paths that an app has written in it; null as long as nobody has looked. */
  readonly written: readonly string[] | null;
}

/**
 * `start`: the first generation; `fallback`: the one that ran last, because the `start` failed; `restart`: implied by
 * `systemctl restart`, so that READY=1 waits for it.
 */
export type UpgradeKind = "start" | "fallback" | "upgrade" | "restart" | "rollback";

export type Asker =
  | { readonly kind: "user"; readonly uid: number }
  /** `systemctl reload`, by whomever. */
  | { readonly kind: "reload" }
  /** SIGHUP, by whomever. */
  | { readonly kind: "signal" };

/** Who asked for an upgrade, and in which words. */
export interface Asked {
  readonly by: Asker;
  readonly message: string | null;
}

export interface UpgradeRequest {
  readonly id: number;
  readonly kind: UpgradeKind;
  /** The generation that a rollback is to return to; null: what ran before. */
  readonly to: number | null;
  /** The generation before is held until somebody decides. */
  readonly hold: boolean;
  /** The candidate stands by until it is committed. */
  readonly stage: boolean;
  /** Also a version that was judged bad. */
  readonly force: boolean;
  /** Null: the service's manager or the daemon itself, as the kind says. */
  readonly asked: Asked | null;
  readonly requestedAt: Monotonic;
}

export interface Upgrade extends UpgradeRequest {
  /** null while the config is read and the listeners are reconciled. */
  readonly generation: number | null;
}

export interface Outcome {
  readonly upgrade: number;
  readonly kind: UpgradeKind;
  readonly generation: number | null;
  readonly failure: ModelFailure | null;
  readonly asked: Asked | null;
  readonly endedAt: WallTime;
  readonly tookMs: number;
  /** What became of its generation since; null as long as it is not known, and where there is none. */
  readonly verdict: FinalVerdict | null;
}

export type FinalVerdict =
  | { readonly kind: "proved" }
  | { readonly kind: "rejected"; readonly failure: ModelFailure }
  /** Another one took its place before it was known. */
  | { readonly kind: "replaced" };

export interface RolledBack {
  readonly from: number;
  /** The generation whose release and config serve again. */
  readonly to: number;
  readonly failure: ModelFailure;
}

/** What was judged bad, or left by hand: no start, restart or rollback chooses it by itself again. */
export interface Rejected {
  readonly generation: number;
  readonly specification: Specification;
  /** Of its snapshot. */
  readonly fingerprint: string;
  readonly version: string | null;
  /** `rollback`: somebody went back from it. */
  readonly by: "judge" | "rollback";
  readonly failure: ModelFailure;
  readonly at: WallTime;
}

export type Lifecycle =
  /** No generation has been active since the service was started. */
  | { readonly phase: "starting" }
  | { readonly phase: "running" }
  /** Workers were drained on request; daemon and listeners stay. */
  | { readonly phase: "drained" }
  | { readonly phase: "stopping"; readonly failure: ModelFailure | null }
  /** The daemon leaves and the workers stay; what the next daemon is to do after adopting them. */
  | { readonly phase: "leaving"; readonly next: "adopt" | "upgrade" };

/** A generation that was active once: what `rollback` can return to. */
export interface Retired {
  readonly generation: number;
  readonly specification: Specification;
  readonly snapshot: number | null;
  readonly version: string | null;
  readonly commit: string | null;
  readonly proved: boolean;
  /** What it had shown of itself when it was left; null where that was not written down. */
  readonly track: Track | null;
}

/** Starts that failed in a row, since the service was told to start; the next one waits. */
export interface FailedStart {
  readonly count: number;
  /** Of the last one. */
  readonly failure: ModelFailure;
  readonly retryAt: Monotonic;
}

/** The facts. All that the daemon knows; kernel objects are in the fd store under names derived from this. */
export interface State {
  readonly nextGeneration: number;
  readonly nextUpgrade: number;
  readonly nextListener: number;
  readonly lifecycle: Lifecycle;
  readonly failedStart: FailedStart | null;
  readonly listeners: readonly Listener[];
  /** No generation uses them any more; they are to be closed. */
  readonly closing: readonly Listener[];
  /** Oldest first. */
  readonly generations: readonly Generation[];
  /** Every directory of snapshots on disk; by id. */
  readonly snapshots: readonly Snapshot[];
  readonly upgrade: Upgrade | null;
  readonly queued: UpgradeRequest | null;
  /** The last few, newest last: a client that lost its daemon asks the next one. */
  readonly outcomes: readonly Outcome[];
  /** Newest last. */
  readonly retired: readonly Retired[];
  /** Newest last. */
  readonly rejected: readonly Rejected[];
  /** Why what serves is not what was deployed last; null where it is. */
  readonly rolledBack: RolledBack | null;
  /** Why the state file cannot be written, as long as it cannot. */
  readonly unwritable: ModelFailure | null;
  readonly counters: ServiceCounters;
  /** When the first generation after the start of the service became active; null while there has been none. */
  readonly upSince: Monotonic | null;
}

export const initialState: State = {
  nextGeneration: 1,
  nextUpgrade: 1,
  nextListener: 1,
  lifecycle: { phase: "starting" },
  failedStart: null,
  listeners: [],
  closing: [],
  generations: [],
  snapshots: [],
  upgrade: null,
  queued: null,
  outcomes: [],
  retired: [],
  rejected: [],
  rolledBack: null,
  unwritable: null,
  counters: { ended: [], generations: [], workers: [] },
  upSince: null,
};
