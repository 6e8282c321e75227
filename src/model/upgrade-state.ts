import type { Monotonic, WallTime } from "./clock.js";
import type { ModelFailure } from "./failure.js";

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
  /** It was told to drain before it was known: another one took its place, or nobody. */
  | { readonly kind: "replaced" };
