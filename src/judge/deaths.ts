import { formatDuration } from "../lib/duration.js";
import { undecided, type Verdict } from "./verdict.js";

/** Workers that ended by themselves (exit, signal, OOM, frozen loop), in the trial or probation under way. */
export interface Deaths {
  readonly deaths: number;
  readonly workers: number;
  /** The whole length of the trial or probation; of one without an end, the time since it began. */
  readonly windowMs: number;
}

/** What the version before has shown of itself. */
export interface DeathsBefore {
  readonly generation: number;
  readonly workers: number;
  /** Deaths in all the time that it served. */
  readonly deaths: number;
  /** Over zero. */
  readonly servedMs: number;
  /** Deaths in a time to compare with: in a trial at the same time, in a probation those of its own probation. */
  readonly likewise: number;
}

/** The chance that a version which dies as often as the one before is called bad for it. */
const falseAlarm = 1 / 1_000;

/**
 * Bad when more workers died than the version before explains: more than it lost in a time to compare with, and more than
 * happens by chance (Poisson) at the rate at which it lost them all along. After a version that never lost one, one is enough.
 * `old` is null when there was none.
 */
export function judgeDeaths(now: Deaths, old: DeathsBefore | null): Verdict {
  const { deaths } = now;
  if (deaths <= alike(now, old)) return undecided;
  const expected = expect(now, old);
  // Chernoff's bound of P(N >= deaths).
  const chance = Math.exp(deaths - expected - deaths * Math.log(deaths / expected));
  if (deaths <= expected || chance >= falseAlarm) return undecided;
  return { verdict: "bad", why: explain(now, old) };
}

function alike({ workers }: Deaths, old: DeathsBefore | null): number {
  return old === null ? 0 : Math.ceil((old.likewise * workers) / old.workers);
}

function expect({ workers, windowMs }: Deaths, old: DeathsBefore | null): number {
  if (old === null) return 0;
  return (old.deaths * windowMs * workers) / (old.servedMs * old.workers);
}

function explain({ deaths }: Deaths, old: DeathsBefore | null): string {
  const found = deaths === 1 ? "a worker died" : `workers died ${deaths} times`;
  if (old === null) return found;
  const before = old.deaths === 0 ? "none" : old.deaths;
  return `${found}; of generation ${old.generation} ${before} died in ${formatDuration(old.servedMs)}`;
}
