import { undecided, type Verdict } from "./verdict.js";

/** What one generation has answered in the time that is looked at. */
export interface Responses {
  readonly generation: number;
  readonly responses: number;
  /** How many of them failed: 5xx, aborted before their end, slower than allowed. */
  readonly failed: number;
}

export interface ErrorSettings {
  /** By how much the share of failed responses must be over the old version's: 0.05 is five points of a hundred. */
  readonly margin: number;
  /** With fewer responses than these nothing is said. */
  readonly leastRequests: number;
}

export const errorDefaults: ErrorSettings = { margin: 0.05, leastRequests: 20 };

/** The chance that a good version is called bad in one trial or one probation, however often one looks. */
const falseAlarm = 1 / 2_000;

/** A client whose request fails tries again three times. So four failures are no more evidence than one. */
const clump = 4;

/** Of an old version of which less is known, so much is assumed: half of what is missing of these responses failed. */
const wanted = 100;

/**
 * Bad when a greater share of the new version's responses failed than of the old one's, by more than the margin, and by more than
 * chance explains. `old` is null when nothing is known of the version before.
 *
 * The test is a likelihood ratio (two shares against one for both) that one may look at as often as one likes. With a mixture over
 * all shares (Krichevsky and Trofimov's) in the numerator, and the best single share in the denominator, it is at most a martingale
 * of mean 1 where both shares are the same, so Ville's inequality bounds it for all looks at once: "universal inference",
 * Wasserman, Ramdas and Balakrishnan 2020. The mixture is within ln(n)/2 + ln 2 of its maximum on each side.
 */
export function judgeErrors(
  now: Responses,
  old: Responses | null,
  { margin, leastRequests }: ErrorSettings = errorDefaults,
): Verdict {
  if (now.responses < leastRequests) return undecided;
  const before = complete(old);
  if (now.failed / now.responses - before.failed / before.responses <= margin) return undecided;
  const evidence = (fit(now) + fit(before) - fit(sum(now, before))) / clump;
  const needed =
    Math.log(4 / falseAlarm) + Math.log((now.responses / clump) * (before.responses / clump)) / 2;
  return evidence < needed ? undecided : { verdict: "bad", why: explain(now, old) };
}

type Numbers = Pick<Responses, "responses" | "failed">;

function complete(old: Responses | null): Numbers {
  const { responses, failed } = old ?? { responses: 0, failed: 0 };
  const missing = Math.max(0, wanted - responses);
  return { responses: responses + missing, failed: failed + missing / 2 };
}

function sum(one: Numbers, other: Numbers): Numbers {
  return { responses: one.responses + other.responses, failed: one.failed + other.failed };
}

/** The logarithm of the likelihood of these numbers under the share that fits them best. */
function fit({ responses, failed }: Numbers): number {
  return timesLog(failed, responses) + timesLog(responses - failed, responses);
}

function timesLog(part: number, whole: number): number {
  return part === 0 ? 0 : part * Math.log(part / whole);
}

function explain(now: Responses, old: Responses | null): string {
  const found = `${now.failed} of ${now.responses} responses failed (${percent(now)})`;
  return old === null || old.responses === 0
    ? `${found}, and nothing is known of the version before`
    : `${found}, ${old.failed} of ${old.responses} (${percent(old)}) of generation ${old.generation}`;
}

function percent({ responses, failed }: Numbers): string {
  return `${Number(((100 * failed) / responses).toFixed(1))} %`;
}
