import type { Failure } from "../lib/failure.js";
import type { ModelReason } from "../lib/reasons.js";

/** What the state may remember: what the model finds by itself, and what the effects and the loop tell it. */
export type ModelFailure = Failure<ModelReason>;
