import type { Address } from "../lib/address.js";
import type { DrainSignal } from "../lib/drain-signals.js";

/**
 * When a worker counts as ready: it says so (sd_notify(3) READY=1), it accepts connections, a command exits 0, or it has lived that long.
 */
export type ReadyRule =
  | { readonly when: "notify" }
  | { readonly when: "accepts" }
  | { readonly when: "command"; readonly command: readonly string[] }
  | { readonly when: "after"; readonly afterMs: number };

/** All that a generation runs: one reading of the config, frozen, so that a worker can be replaced as it was. */
export interface Plan {
  /** argv; a name without a slash is looked up in PATH. */
  readonly command: readonly string[];
  /** Absolute directory of the code, symlinks resolved. */
  readonly release: string;
  /** Whether a generation runs from a copy of the release of its own, or in the release itself. */
  readonly snapshot: boolean;
  /** Relative paths in the release that hold data: links to the original in every snapshot. */
  readonly shared: readonly string[];
  /** Relative paths in the release that the app may write in its snapshot: each has its own, which goes with it. */
  readonly writable: readonly string[];
  /** How many generations that have ended can be returned to. */
  readonly keep: number;
  readonly workers: number;
  /**
   * overlap: both generations may accept for a moment. exclusive: the new one accepts once the old one has finished and handed over its
   * state; where it cannot hand over, being plain, it has ended before the new one starts. Clients wait in the backlog meanwhile.
   */
  readonly strategy: "overlap" | "exclusive";
  /** Added to the environment of the workers. */
  readonly environment: Readonly<Record<string, string>>;
  /** argv run in `release` before the first worker starts; a failure aborts the upgrade. */
  readonly check: readonly string[] | null;
  readonly ready: { readonly rule: ReadyRule; readonly timeoutMs: number };
  /** Paths that each candidate worker is asked for between ready and commit, so that no client's request is the first; no answer is judged. */
  readonly warm: readonly string[];
  /** Asked of each candidate worker between ready and commit, on a connection that no client has. */
  readonly verify: { readonly http: string; readonly status: number; readonly timeoutMs: number } | null;
  /** `signal` asks a plain worker to drain; SIGTERM follows at the deadline, whatever it is. */
  readonly drain: { readonly timeoutMs: number; readonly killMs: number; readonly signal: DrainSignal };
  /** How long the generation before serves beside the new one, whose numbers are held against its; 0: not at all. */
  readonly trial: { readonly timeMs: number; readonly share: number | null };
  /** How long the new generation is judged while it serves alone; 0: not at all. */
  readonly probation: { readonly timeMs: number };
  readonly judge: Judges;
  /** Whether a bad version is left although the one before cannot read the state that clients have changed in it. */
  readonly rollback: { readonly loseState: boolean };
  /** argv by what has happened, run without anybody waiting for it. */
  readonly hooks: Hooks;
}

/** What has happened to an upgrade, or to the generation that it brought. */
export type HookEvent = "upgraded" | "upgrade-failed" | "proved" | "rejected" | "rolled-back";

export type Hooks = { readonly [Event in HookEvent]?: readonly string[] };

/** What may be held against a generation on trial or on probation; null and false: not asked. */
export interface Judges {
  /** Workers that end by themselves, more often than those of the generation before. */
  readonly deaths: boolean;
  /** That clients wait, and nobody accepts. */
  readonly accepts: boolean;
  /** By how much the share of failed responses may be over that of the generation before: 0.05 is five of a hundred. */
  readonly errors: number | null;
  /** A response that takes longer counts as failed. */
  readonly slowMs: number | null;
  readonly health: HealthCheck | null;
  readonly command: {
    readonly argv: readonly string[];
    readonly everyMs: number;
    readonly timeoutMs: number;
  } | null;
}

/** Bad when that many in a row have failed. */
export interface HealthCheck {
  readonly http: string;
  readonly status: number;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly failures: number;
}

/** One `[listeners.NAME]` table of the config. */
export interface ListenerDeclaration {
  /** FileDescriptorName= of the socket unit, and the name in the fd store. */
  readonly name: string;
  /** Null when the socket must come from systemd. */
  readonly address: Address | null;
  /** As for listen(2); null leaves it as it is, or at the default of whoever binds. */
  readonly backlog: number | null;
  /** Permission bits of a unix socket's file; null otherwise, and where the umask decides. */
  readonly mode: number | null;
}

/** A plan with the listeners it wants, in the order of the workers' fds; null means all that systemd passes. */
export interface Specification {
  readonly plan: Plan;
  readonly listeners: readonly ListenerDeclaration[] | null;
}

/** Of a plan from before there were trials: what it started is not judged, and nobody is told. */
export const unjudged: Pick<Plan, "trial" | "probation" | "judge" | "rollback" | "hooks"> = {
  trial: { timeMs: 0, share: null },
  probation: { timeMs: 0 },
  judge: { deaths: false, accepts: false, errors: null, slowMs: null, health: null, command: null },
  rollback: { loseState: false },
  hooks: {},
};
