import * as v from "valibot";
import { parseSize } from "../lib/size.js";
import type { HistoryLimits } from "./config.js";
import { count, readWith, table } from "./values.js";

export const usualHistory: HistoryLimits = { sizeBytes: 4 * 1024 * 1024, rotate: 1 };

export const historyEntries = {
  size: v.optional(readWith(parseSize, '"4M"')),
  rotate: v.optional(count(0, 100), usualHistory.rotate),
};

/** How much is kept of what became of upgrades and generations. */
export const history = v.pipe(
  table('must be a table, as in size = "4M" below [history]'),
  v.object(historyEntries),
  v.transform(({ size, rotate }): HistoryLimits => ({ sizeBytes: size ?? usualHistory.sizeBytes, rotate })),
);
