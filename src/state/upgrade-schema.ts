import * as v from "valibot";
import { counterNames } from "../lib/counters.js";
import { count, finite } from "../lib/numbers.js";
import { isReason } from "../lib/reasons.js";
import type { ModelFailure } from "../model/failure.js";
import type { Outcome } from "../model/upgrade-state.js";

const text = v.string();

export const failure = v.object({
  reason: v.custom<ModelFailure["reason"]>(isReason),
  message: text,
  output: v.exactOptional(text),
});

export const kind = v.picklist(["start", "fallback", "upgrade", "restart", "rollback"]);
export const asked = v.optional(
  v.nullable(
    v.object({
      by: v.variant("kind", [
        v.object({ kind: v.literal("user"), uid: count }),
        v.object({ kind: v.picklist(["reload", "signal"]) }),
      ]),
      message: v.nullable(text),
    }),
  ),
  null,
);
export const origin = v.optional(v.nullable(v.object({ kind, asked })), null);

export const verdict = v.variant("kind", [
  v.object({ kind: v.picklist(["proved", "replaced"]) }),
  v.object({ kind: v.literal("rejected"), failure }),
]);

export const request = {
  id: count,
  kind,
  to: v.optional(v.nullable(count), null),
  hold: v.optional(v.boolean(), false),
  stage: v.optional(v.boolean(), false),
  force: v.optional(v.boolean(), false),
  asked,
  requestedAt: finite,
};

export const outcome = v.object({
  upgrade: count,
  kind,
  generation: v.nullable(count),
  failure: v.nullable(failure),
  asked,
  endedAt: finite,
  tookMs: finite,
  verdict: v.optional(v.nullable(verdict), null),
}) satisfies v.GenericSchema<unknown, Outcome>;

export const listenerTotals = v.object({
  listener: text,
  ...v.entriesFromList(counterNames, v.optional(count, 0)),
});
