import * as v from "valibot";
import type { ReportOf } from "./replies.js";

/** What is on the disk, held against a generation that runs or stands by. */
const difference = v.object({
  generation: v.number(),
  snapshot: v.nullable(v.number()),
  phase: v.picklist(["active", "staged"]),
  version: v.nullable(v.string()),
  release: v.string(),
  /** Whether an upgrade would start the same once more; null: nobody can tell, because it does not run from a snapshot. */
  same: v.nullable(v.boolean()),
  /** The config's keys that have another value; never the values. */
  config: v.array(v.string()),
  files: v.nullable(
    v.object({
      added: v.number(),
      changed: v.number(),
      removed: v.number(),
      /** Some of them. */
      examples: v.array(v.string()),
    }),
  ),
});

/** `GET /v1/changes`: what an upgrade would take, and how that differs from what it would replace. */
export const changesReply = v.object({
  release: v.string(),
  version: v.nullable(v.string()),
  commit: v.nullable(v.string()),
  /** The one that is active, and the one that stands by, as far as there are any. */
  generations: v.array(difference),
});

export type ChangesReport = ReportOf<typeof changesReply>;
export type DifferenceReport = ReportOf<typeof difference>;
