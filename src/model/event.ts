import type { Failure, Result } from "../lib/failure.js";
import type { Specification } from "./plan.js";
import type {
  DrainReason,
  Listener,
  Monotonic,
  Outcome,
  Process,
  State,
  UpgradeKind,
  WallTime,
} from "./state.js";

export interface Clock {
  readonly now: Monotonic;
  readonly wall: WallTime;
}

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
}

export interface Prepared {
  readonly specification: Specification;
  /** All listeners held now, those of the new generation among them. */
  readonly held: readonly Listener[];
  readonly listeners: readonly number[];
}

export type Event =
  | {
      readonly type: "recovered";
      readonly alive: readonly SlotProcess[];
      readonly unconnected: readonly Slot[];
    }
  | { readonly type: "upgrade-requested"; readonly kind: Exclude<UpgradeKind, "start" | "restart"> }
  | { readonly type: "prepared"; readonly upgrade: number; readonly result: Result<Prepared> }
  | { readonly type: "checked"; readonly generation: number; readonly failure: Failure | null }
  | { readonly type: "verified"; readonly generation: number; readonly failure: Failure | null }
  | ({ readonly type: "spawned" } & SlotProcess)
  | ({ readonly type: "spawn-failed"; readonly failure: Failure } & Slot)
  | ({ readonly type: "worker-ready"; readonly pid: number } & Slot)
  | ({ readonly type: "worker-native" } & Slot)
  | ({ readonly type: "channel-lost" } & Slot)
  | ({ readonly type: "worker-status"; readonly pid: number; readonly text: string } & Slot)
  | ({ readonly type: "worker-exited"; readonly pid: number; readonly exit: ExitStatus } & Slot)
  /** They were asked to drain; those in `plain` by SIGTERM, for there was no channel to say it on. */
  | { readonly type: "signalled"; readonly slots: readonly Slot[]; readonly plain: readonly Slot[] }
  | { readonly type: "listener-closed"; readonly id: number }
  | { readonly type: "tick" }
  | { readonly type: "drain-requested" }
  | { readonly type: "stop-requested"; readonly fast: boolean }
  | { readonly type: "leave-requested"; readonly next: "adopt" | "upgrade" }
  | { readonly type: "persist-failed"; readonly failure: Failure }
  | { readonly type: "persist-restored" };

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

/** A line of the ledger: what became of an upgrade or of a generation. */
export type LedgerEntry =
  | { readonly kind: "upgrade"; readonly outcome: Outcome }
  | {
      readonly kind: "generation";
      readonly generation: number;
      readonly release: string;
      readonly from: WallTime;
      readonly to: WallTime;
      readonly why: DrainReason;
      /** The drain deadline passed and workers were killed. */
      readonly cut: boolean;
    };

export type Action =
  | { readonly type: "prepare"; readonly upgrade: number; readonly specification: Specification | null }
  | { readonly type: "check"; readonly generation: number }
  | ({ readonly type: "spawn" } & Slot)
  | ({ readonly type: "open-gate" } & SlotProcess)
  | ({ readonly type: "run-ready-command" } & SlotProcess)
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
    }
  | ({ readonly type: "kill" } & SlotProcess)
  | ({ readonly type: "forget" } & SlotProcess)
  | { readonly type: "restore-backlogs" }
  /** Gives the socket files of the generation the modes that it declares. */
  | { readonly type: "apply-modes"; readonly generation: number }
  | { readonly type: "close-listener"; readonly listener: Listener }
  | { readonly type: "announce"; readonly news: News }
  | { readonly type: "record"; readonly entry: LedgerEntry }
  | { readonly type: "exit"; readonly status: "stopped" | "failed" | "leaving-restart" | "leaving-reexec" };

export interface Decision {
  readonly state: State;
  readonly actions: readonly Action[];
}
