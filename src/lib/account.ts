import * as v from "valibot";
import { counterNames } from "./counters.js";
import { count, finite } from "./numbers.js";
import { phaseNames } from "./phases.js";
import { isReason, type ModelReason } from "./reasons.js";

/** How the account of an upgrade is told and written down: the format of the ledger, and of the control API. */

export const failureSchema = v.object({
  reason: v.custom<ModelReason>(isReason),
  message: v.string(),
  output: v.exactOptional(v.string()),
});

export const kindSchema = v.picklist(["start", "fallback", "upgrade", "restart", "rollback"]);

/** Who asked for it, and in which words; null: the service's manager or the daemon itself, as its kind says. */
export const askedSchema = v.nullable(
  v.object({
    by: v.variant("kind", [
      v.object({ kind: v.literal("user"), uid: count }),
      v.object({ kind: v.picklist(["reload", "signal"]) }),
    ]),
    message: v.nullable(v.string()),
  }),
);

/** What became of the generation after its upgrade had ended well. */
export const verdictSchema = v.variant("kind", [
  v.object({ kind: v.picklist(["proved", "replaced"]) }),
  v.object({ kind: v.literal("rejected"), failure: failureSchema }),
]);

/** What a generation has done in the time of the upgrade. */
const side = v.object({
  generation: count,
  /** By listener. Null: none of its workers has told anything, as plain ones do not. */
  listeners: v.nullable(
    v.array(v.object({ listener: v.string(), ...v.entriesFromList(counterNames, v.optional(count, 0)) })),
  ),
  /** Workers that ended by themselves. */
  deaths: count,
});

/** What the kernel has shown, looked at again and again as long as clients could be kept waiting. */
const witness = v.object({
  /** How much ListenOverflows and ListenDrops of the network namespace have grown, netstat(8). Null: not measured. */
  overflows: v.nullable(count),
  drops: v.nullable(count),
  /** The longest that the queue of each listener was, and how long it may be; those whose queue can be seen. */
  backlogs: v.array(v.object({ listener: v.string(), queued: count, limit: count })),
  /** The longest time in which clients waited at a listener with nobody accepted, as far as looks tell. Null: not measured. */
  stillMs: v.nullable(finite),
});

export const accountSchema = v.object({
  upgrade: count,
  kind: kindSchema,
  asked: askedSchema,
  /** Milliseconds since the epoch. */
  startedAt: finite,
  /** When all of it was over; null as long as it is not. */
  endedAt: v.nullable(finite),
  /** In the order in which they began: how long after the request, and how long they took. */
  phases: v.array(v.object({ phase: v.picklist(phaseNames), afterMs: finite, tookMs: v.nullable(finite) })),
  /** Of the generation that served when it was asked for; null: nothing did. */
  old: v.nullable(side),
  /** Of its own generation; null: it did not come to have one. */
  new: v.nullable(side),
  /** Null: nobody has looked. */
  witness: v.nullable(witness),
  /** Why the upgrade itself failed. */
  failure: v.nullable(failureSchema),
  /** Null as long as it is not known, and where it failed. */
  verdict: v.nullable(verdictSchema),
});

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

export type AccountReport = Frozen<v.InferOutput<typeof accountSchema>>;
