import type { TallyReport } from "../../control/replies.js";
import { phaseBoundsMs } from "../../lib/phases.js";
import type { PhaseTimes, Tally } from "../../model/tally.js";

/** As metrics have it: each bucket has all that took at most so long. */
export function reportTally({ upgrades, verdicts, phases, deaths, lastDoneAt }: Tally): TallyReport {
  return {
    upgrades: upgrades.flatMap(({ kind, done, failed }) => [
      { kind, result: "done" as const, count: done },
      { kind, result: "failed" as const, count: failed },
    ]),
    verdicts,
    phases: phases.map(reportTimes),
    deaths,
    lastDoneAt,
  };
}

function reportTimes({ phase, counts, sumMs }: PhaseTimes): TallyReport["phases"][number] {
  let count = 0;
  const buckets = phaseBoundsMs.map((atMostMs, at) => {
    count += counts[at] ?? 0;
    return { atMostMs, count };
  });
  return { phase, buckets, sumMs, count: count + (counts[phaseBoundsMs.length] ?? 0) };
}
