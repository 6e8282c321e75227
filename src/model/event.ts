import type { Result } from "../lib/failure.js";
import type { FullestBacklog } from "./account-state.js";
import type { ModelFailure } from "./failure.js";
import type { Process } from "./generation-state.js";
import type { LedgerEntry } from "./ledger-entry.js";
import type { Specification } from "./plan.js";
import type { Listener, Retired, State } from "./state.js";
import type { Count } from "./totals.js";
import type { Asked } from "./upgrade-state.js";

/** A worker's place: generation 8, index 1 is written `8.1`. */
export interface Slot {
  readonly generation: number;
  readonly index: number;
}

export interface SlotProcess extends Slot {
  readonly process: Process;
}

/** How a process ended; both null for an adopted worker, whose status only its parent could learn. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
  /** It was asked to drain by a signal that it is known to handle. */
  readonly handled?: boolean;
  /** What it has started and left, where it ended without an error before it was ready. */
  readonly left?: readonly LeftBehind[];
}

export interface LeftBehind {
  readonly pid: number;
  readonly name: string;
}

export interface Prepared {
  readonly specification: Specification;
  /** Of the release, or of the snapshot that is used again; null where neither tells or the snapshot is yet to be made. */
  readonly version: string | null;
  readonly commit: string | null;
  /** All listeners held now, those of the new generation among them. */
  readonly held: readonly Listener[];
  readonly listeners: readonly number[];
}

/** What is known of a snapshot once it is whole. */
export interface SnapshotMade {
  readonly fingerprint: string;
  readonly version: string | null;
  readonly commit: string | null;
  /** What could not be copied and is a link to the original. */
  readonly uncopied: readonly string[];
  /** The earlier snapshot that is the same, in whose place none was made. */
  readonly sameAs: number | null;
}

export type Event =
  | {
      readonly type: "recovered";
      readonly alive: readonly SlotProcess[];
      readonly unconnected: readonly Slot[];
      /** The ids of all snapshots on disk. */
      readonly snapshots: readonly number[];
      /** Somebody wants this start: systemd has not begun it by itself. */
      readonly wanted: boolean;
    }
  /** `mark`: of the reload that a signal has begun. */
  | ({
      readonly type: "upgrade-requested";
      readonly kind: "upgrade";
      readonly asked?: Asked;
      readonly mark?: string | undefined;
    } & UpgradeManner)
  | { readonly type: "keep-requested"; readonly asked?: Asked }
  /** `to`: the generation to return to; null: what ran before. */
  | {
      readonly type: "upgrade-requested";
      readonly kind: "rollback";
      readonly to: number | null;
      readonly asked?: Asked;
    }
  | { readonly type: "prepared"; readonly upgrade: number; readonly result: Result<Prepared, ModelFailure> }
  | {
      readonly type: "snapshot-made";
      readonly snapshot: number;
      readonly result: Result<SnapshotMade, ModelFailure>;
    }
  | { readonly type: "snapshot-inspected"; readonly snapshot: number; readonly written: readonly string[] }
  /** Or not, if there is a failure; `written` has been moved to where it is not lost. */
  | {
      readonly type: "snapshot-removed";
      readonly snapshot: number;
      readonly result: Result<readonly string[], ModelFailure>;
    }
  | { readonly type: "checked"; readonly generation: number; readonly failure: ModelFailure | null }
  /** `why`: what keeps its workers from being ready; null where that is not seen. */
  | { readonly type: "examined"; readonly generation: number; readonly why: string | null }
  /** `noWayBack`: why the generation before could not take the candidate's state. */
  | {
      readonly type: "verified";
      readonly generation: number;
      readonly failure: ModelFailure | null;
      readonly noWayBack: ModelFailure | null;
    }
  /** By a judge that looks at the world, and not at what the state knows: `why` is for people. */
  | { readonly type: "judged-bad"; readonly generation: number; readonly why: string }
  | ({ readonly type: "spawned" } & SlotProcess)
  | ({ readonly type: "spawn-failed"; readonly failure: ModelFailure } & Slot)
  | ({ readonly type: "worker-ready"; readonly pid: number } & Slot)
  | ({ readonly type: "worker-native"; readonly protocol: number } & Slot)
  | ({ readonly type: "channel-lost" } & Slot)
  /** It got SIGTERM, and not from the daemon as far as it knows. */
  | ({ readonly type: "worker-leaving"; readonly pid: number } & Slot)
  | ({ readonly type: "worker-status"; readonly pid: number; readonly text: string } & Slot)
  /** At the kernel, while an upgrade is under way. */
  | { readonly type: "looked"; readonly look: Look }
  /** All native workers have told what they have counted, or had the time to. */
  | { readonly type: "counts-asked" }
  | { readonly type: "counted"; readonly counts: readonly Count[] }
  /** `left`: another process of its group, which is still there; missing where there is none. */
  | ({
      readonly type: "worker-exited";
      readonly pid: number;
      readonly exit: ExitStatus;
      readonly left?: Process;
    } & Slot)
  /** They were asked to drain; those in `plain` by SIGTERM, for there was no channel to say it on. */
  | { readonly type: "signalled"; readonly slots: readonly Slot[]; readonly plain: readonly Slot[] }
  | { readonly type: "listener-closed"; readonly id: number }
  /** The app of a worker listens where its config says nothing. */
  | ({ readonly type: "listener-wanted" } & ListenerWish)
  | ({ readonly type: "listener-opened"; readonly result: Result<Listener, ModelFailure> } & ListenerWish)
  /** One of the processes that share it has shut it down: nobody is accepted any more, by whomever. */
  | { readonly type: "listener-down"; readonly id: number }
  | { readonly type: "listener-revived"; readonly id: number; readonly failure: ModelFailure | null }
  | { readonly type: "tick" }
  | { readonly type: "drain-requested" }
  | { readonly type: "stop-requested"; readonly fast: boolean }
  | { readonly type: "leave-requested"; readonly next: "adopt" | "upgrade" }
  | { readonly type: "persist-failed"; readonly failure: ModelFailure }
  | { readonly type: "persist-restored" }
  /** The daemon itself is at fault, and something may have been lost. */
  | { readonly type: "faulted"; readonly failure: ModelFailure };

/** What was seen of the kernel since the look before. Null: it cannot be seen. */
export interface Look {
  /** ListenOverflows and ListenDrops of the network namespace, since it is there. netstat(8) */
  readonly overflows: number | null;
  readonly drops: number | null;
  readonly backlogs: readonly FullestBacklog[];
  /** For how long clients have waited at a listener with nobody accepted. */
  readonly stillMs: number | null;
}

/** A worker's question for a listener of its own. */
export interface ListenerWish extends Slot {
  /** The worker's own number for it. */
  readonly request: number;
  readonly address: string;
}

/** How somebody wants an upgrade to be. */
export interface UpgradeManner {
  /** The generation before serves on until `keep-requested` or a rollback. */
  readonly hold: boolean;
  /** The candidate stands by until `keep-requested` or a rollback. */
  readonly stage: boolean;
  /** Also a version that was judged bad. */
  readonly force: boolean;
}

/** What happened, for the log, the `events` stream and the ledger. The model never logs by itself. */
export interface News {
  readonly event: string;
  readonly level: "info" | "warning" | "error";
  readonly message: string;
  readonly generation?: number;
  readonly worker?: string;
  readonly pid?: number;
  readonly upgrade?: number;
}

export type Action =
  /** Of what ran before, if `again` says so, else of what the config says now. */
  | { readonly type: "prepare"; readonly upgrade: number; readonly again: Retired | null }
  /**
   * Copies the release of the generation of that id; what is left of an earlier attempt is removed first. `asIs`: the base itself will do,
   * should nothing have changed.
   */
  | {
      readonly type: "make-snapshot";
      readonly snapshot: number;
      readonly base: number | null;
      readonly asIs: boolean;
    }
  /** Looks for what an app has written in it. */
  | { readonly type: "inspect-snapshot"; readonly snapshot: number }
  /** Ends the making of it, too. */
  | { readonly type: "remove-snapshot"; readonly snapshot: number }
  | { readonly type: "check"; readonly generation: number }
  | ({ readonly type: "spawn" } & Slot)
  | ({ readonly type: "open-gate" } & SlotProcess)
  | ({ readonly type: "await-ready" } & SlotProcess)
  /** Looks for what keeps its workers from being ready. */
  | { readonly type: "examine"; readonly generation: number }
  | { readonly type: "verify"; readonly generation: number }
  /** Lets workers accept that were ready in standby; nothing to a plain worker, which accepts since it runs. */
  | {
      readonly type: "activate";
      readonly slots: readonly SlotProcess[];
      /** First those must have handed over their state, or ended. */
      readonly after: readonly SlotProcess[];
    }
  /** Asks workers to drain, and native ones to hand over to others; `insist` leaves them nothing but SIGTERM. */
  | {
      readonly type: "terminate";
      readonly slots: readonly SlotProcess[];
      readonly to: readonly SlotProcess[];
      readonly insist: boolean;
      /** How long they have. */
      readonly withinMs: number;
    }
  | ({ readonly type: "kill" } & SlotProcess)
  | ({ readonly type: "forget" } & SlotProcess)
  /** The worker's own process has ended in the drain (a shell, npm), and another one of its group finishes the requests. */
  | ({ readonly type: "follow"; readonly before: Process } & SlotProcess)
  /** Native workers tell what they have counted until now. */
  | { readonly type: "ask-counts" }
  | { readonly type: "restore-backlogs" }
  /** Gives the socket files of the generation the modes that it declares. */
  | { readonly type: "apply-modes"; readonly generation: number }
  | { readonly type: "close-listener"; readonly listener: Listener }
  | ({ readonly type: "open-listener" } & ListenerWish)
  /** The answer to a worker that wants one. */
  | ({ readonly type: "give-listener"; readonly result: Result<Listener, ModelFailure> } & ListenerWish)
  | { readonly type: "revive-listener"; readonly listener: Listener }
  | { readonly type: "announce"; readonly news: News }
  | { readonly type: "record"; readonly entry: LedgerEntry }
  | { readonly type: "exit"; readonly status: "stopped" | "failed" | "leaving-restart" | "leaving-reexec" };

export interface Decision {
  readonly state: State;
  readonly actions: readonly Action[];
}
