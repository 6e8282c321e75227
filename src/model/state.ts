import type { Account } from "./account-state.js";
import type { Monotonic, WallTime } from "./clock.js";
import type { ModelFailure } from "./failure.js";
import type { Generation, Track } from "./generation-state.js";
import type { Specification } from "./plan.js";
import { nothingTallied, type Tally } from "./tally.js";
import type { ServiceCounters } from "./totals.js";
import type { Outcome, Upgrade, UpgradeRequest } from "./upgrade-state.js";

/**
 * `unit`: the .socket unit passes it and owns its address and socket file; `bound`: opened by the daemon;
 * `stored`: once a unit's, now kept by the fd store alone; `app`: opened by the daemon because an app listens there, while no config
 * says so: workers have it when they ask for it, and it goes when no generation has asked; `own`: opened for one generation, and no other
 * one's workers have it.
 */
export type ListenerOrigin = "unit" | "bound" | "stored" | "app" | "own";

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

/** The last reload that a signal began: which it was, and the upgrade that it asked for. */
export interface BegunReload {
  readonly mark: string;
  readonly upgrade: number;
}

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
  /** `rollback`: somebody went back from it; `start`: another version had made room for it, and it did not start. */
  readonly by: "judge" | "rollback" | "start";
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
  /** Its command, which comes later, asks for it. */
  readonly reload: BegunReload | null;
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
  /** Of upgrades that are not over, oldest first. */
  readonly accounts: readonly Account[];
  readonly tally: Tally;
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
  reload: null,
  outcomes: [],
  retired: [],
  rejected: [],
  rolledBack: null,
  unwritable: null,
  counters: { ended: [], generations: [], workers: [] },
  accounts: [],
  tally: nothingTallied,
  upSince: null,
};
