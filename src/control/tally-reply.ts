import * as v from "valibot";
import { kindSchema } from "../lib/account.js";
import { phaseNames } from "../lib/phases.js";

/** What has been counted of upgrades since the state was first written. It never goes back. */
export const tallySchema = v.object({
  /** How they ended. */
  upgrades: v.array(
    v.object({ kind: kindSchema, result: v.picklist(["done", "failed"]), count: v.number() }),
  ),
  /** What became of the generations of those that were done. */
  verdicts: v.object({ proved: v.number(), rejected: v.number(), replaced: v.number() }),
  /** Of each phase that has ended: how often it took at most so long; longer ones are in `count` alone. */
  phases: v.array(
    v.object({
      phase: v.picklist(phaseNames),
      buckets: v.array(v.object({ atMostMs: v.number(), count: v.number() })),
      sumMs: v.number(),
      count: v.number(),
    }),
  ),
  /** Workers that ended by themselves. */
  deaths: v.number(),
  /** Milliseconds since the epoch: when the last upgrade was done. */
  lastDoneAt: v.nullable(v.number()),
});
