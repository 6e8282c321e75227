import type { AccountReport } from "../lib/account.js";
import type { Totals } from "../lib/counters.js";
import type { WallTime } from "./clock.js";
import type { DrainReason, Origin } from "./generation-state.js";
import type { FinalVerdict, Outcome } from "./upgrade-state.js";

export type EndReason = DrainReason | { readonly kind: "rebooted" };

/** A line of the ledger: what became of an upgrade or of a generation. */
export type LedgerEntry =
  | { readonly kind: "upgrade"; readonly outcome: Outcome }
  | { readonly kind: "account"; readonly account: AccountReport }
  | {
      readonly kind: "verdict";
      readonly upgrade: number;
      readonly generation: number;
      readonly verdict: FinalVerdict;
      readonly at: WallTime;
    }
  | {
      readonly kind: "generation";
      readonly generation: number;
      readonly release: string;
      readonly version: string | null;
      readonly commit: string | null;
      readonly origin: Origin | null;
      readonly from: WallTime;
      readonly to: WallTime;
      readonly why: EndReason;
      /** The drain deadline passed and workers were killed. */
      readonly cut: boolean;
      /** It had come through its trial and probation. */
      readonly proved: boolean;
      /** Of its native workers, as far as they have told. */
      readonly counters: Totals | null;
    };
