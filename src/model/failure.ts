import type { FailureOf } from "../lib/failure.js";

/** What the state may remember: what the model finds by itself, and what the effects and the loop tell it. */
export type ModelFailure = FailureOf<
  "config" | "daemon/perform" | "linux" | "listeners" | "model" | "process" | "release" | "state"
>;
