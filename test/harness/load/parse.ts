import * as v from "valibot";
import type { Counts, LoadOptions, LoadReport } from "./report.js";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const optionsSchema: v.GenericSchema<unknown, LoadOptions> = v.strictObject({
  address: v.string(),
  keepAlive: count,
  pauseMs: count,
  freshPerSecond: count,
  slow: count,
  slowMs: count,
  timeoutMs: count,
  durationMs: count,
});

const countsEntries = {
  requests: count,
  ok: count,
  refused: count,
  reset: count,
  cut: count,
  lostOnReuse: count,
  bad: count,
  timedOut: count,
};
const counts: v.GenericSchema<unknown, Counts> = v.object(countsEntries);

const reportSchema: v.GenericSchema<unknown, LoadReport> = v.object({
  ...countsEntries,
  kinds: v.object({ keepAlive: counts, fresh: counts, slow: counts }),
  connections: count,
  idleClosed: count,
  versions: v.record(v.string(), v.object({ responses: count, firstMs: count, lastMs: count })),
  longestGapMs: count,
  elapsedMs: count,
  losses: v.array(v.string()),
});

/** The load client's argument. Throws when it is not one. */
export function parseOptions(text: string): LoadOptions {
  return v.parse(optionsSchema, JSON.parse(text));
}

/** A line that the load client printed. Throws when it is not one. */
export function parseReport(line: string): LoadReport {
  return v.parse(reportSchema, JSON.parse(line));
}
