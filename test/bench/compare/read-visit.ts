import type { Lane, Span } from "./timeline.js";
import type { Visit } from "./visit.js";

/** The processes that an upgrade replaces: it may replace none, and they may go or not. CLOCK_MONOTONIC in ms. */
export type Old =
  | { readonly what: "none" }
  | { readonly what: "there" }
  | { readonly what: "gone"; readonly atMs: number };

/** When the upgrade was asked for, in ms of CLOCK_MONOTONIC, and what became of the old processes. */
export interface Upgrade {
  readonly beganAtMs: number;
  readonly old: Old;
}

/** What visitors saw from the moment when the upgrade was asked for until they left. */
export interface Seen {
  readonly requests: number;
  readonly lost: number;
  readonly reopened: number;
  readonly dropped: number;
  /** Without any response but slow ones. */
  readonly longestGapMs: number;
  /** The longest wait for the answer to a request that is not slow by itself. */
  readonly slowestMs: number;
  /** How late the visitors themselves came at most: what of a gap may be theirs. */
  readonly longestStallMs: number;
  readonly firstNewMs: number | null;
}

export function readVisit(visit: Visit, { beganAtMs }: Upgrade, newVersion: string): Seen {
  const isSince = (atMs: number) => atMs >= beganAtMs && atMs <= visit.endedAtMs;
  const responses = visit.responses.filter(([atMs]) => isSince(atMs));
  const firstNew = responses.find(([, version]) => version === newVersion);
  const lost = visit.lost.filter(([atMs]) => atMs >= beganAtMs).length;
  return {
    requests: responses.length + lost,
    lost,
    reopened: visit.reopened.filter((atMs) => atMs >= beganAtMs).length,
    dropped: visit.dropped.filter((atMs) => atMs >= beganAtMs).length,
    longestGapMs: longest(findGaps(visit, 0).filter(({ toMs }) => toMs >= beganAtMs)),
    slowestMs: Math.max(0, ...responses.map(([, , tookMs]) => tookMs ?? 0)),
    longestStallMs: Math.max(
      0,
      ...visit.stalls.filter(([atMs]) => isSince(atMs)).map(([, lateMs]) => lateMs),
    ),
    firstNewMs: firstNew === undefined ? null : firstNew[0] - beganAtMs,
  };
}

/**
 * Stretches of at least `atLeastMs` without a response, in their order; the last one may reach to the end of the visit. Responses that
 * are slow by themselves do not count: an old process may still give them when nobody answers any more.
 */
export function findGaps({ startedAtMs, endedAtMs, responses }: Visit, atLeastMs: number): Span[] {
  const counted = responses.filter(([atMs, , tookMs]) => tookMs !== null && atMs < endedAtMs);
  const ends = [...counted.map(([atMs]) => atMs), endedAtMs];
  return ends
    .map((toMs, at) => ({ fromMs: ends[at - 1] ?? startedAtMs, toMs }))
    .filter(({ fromMs, toMs }) => toMs - fromMs >= atLeastMs);
}

function longest(spans: readonly Span[]): number {
  return Math.max(0, ...spans.map(({ fromMs, toMs }) => toMs - fromMs));
}

/** Its times count from the upgrade. */
export function layLane(
  visit: Visit,
  { beganAtMs, old }: Upgrade,
  { name, bucketMs, gapMs }: { readonly name: string; readonly bucketMs: number; readonly gapMs: number },
): Lane {
  const counts = new Map<string, Map<number, number>>();
  for (const [atMs, version] of visit.responses.filter(([atMs]) => atMs <= visit.endedAtMs)) {
    const bucket = Math.floor((atMs - beganAtMs) / bucketMs);
    const ofVersion = counts.get(version) ?? new Map<number, number>();
    counts.set(version, ofVersion.set(bucket, (ofVersion.get(bucket) ?? 0) + 1));
  }
  const shift = (atMs: number) => atMs - beganAtMs;
  return {
    name,
    counts,
    gaps: findGaps(visit, gapMs).map(({ fromMs, toMs }) => ({ fromMs: shift(fromMs), toMs: shift(toMs) })),
    lostAtMs: visit.lost.map(([atMs]) => shift(atMs)),
    oldGoneAtMs: old.what === "gone" ? shift(old.atMs) : null,
    endedAtMs: shift(visit.endedAtMs),
  };
}
