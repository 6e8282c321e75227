import type { StatusReport } from "../../control/replies.js";
import { failedIn } from "../../lib/counters.js";

/** What a generation does in a second; of plain workers nobody knows it. */
export interface Rate {
  readonly requests: number;
  readonly failed: number;
}

interface Look {
  readonly at: number;
  /** By generation; of those that count. */
  readonly counts: ReadonlyMap<number, Rate>;
}

const longestMs = 5_000;
const shortestMs = 900;

/** What counters grow by in a second, from looks at them over the last few seconds. */
export class Rates {
  #looks: readonly Look[] = [];

  /** `at`: milliseconds of any clock that does not jump. */
  look({ generations }: Pick<StatusReport, "generations">, at: number): void {
    const counts = generations.flatMap(({ id, counters }): [number, Rate][] =>
      counters === null ? [] : [[id, { requests: counters.requests, failed: failedIn(counters) }]],
    );
    const kept = this.#looks.filter((one) => at - one.at <= longestMs);
    this.#looks = [...kept, { at, counts: new Map(counts) }];
  }

  /** Null as long as it cannot be told: it does not count, or has been looked at once. */
  of(generation: number): Rate | null {
    const last = this.#looks.at(-1);
    const now = last?.counts.get(generation);
    const first = this.#looks.find(({ counts }) => counts.has(generation));
    const before = first?.counts.get(generation);
    if (last === undefined || first === undefined || now === undefined || before === undefined) return null;
    const seconds = (last.at - first.at) / 1000;
    // Counters that went back are another state's.
    if (last.at - first.at < shortestMs || now.requests < before.requests) return null;
    return {
      requests: (now.requests - before.requests) / seconds,
      failed: Math.max(0, now.failed - before.failed) / seconds,
    };
  }

  /** Over all generations; null where nothing is known of any. */
  all({ generations }: Pick<StatusReport, "generations">): Rate | null {
    const known = generations.map(({ id }) => this.of(id)).filter((rate) => rate !== null);
    if (known.length === 0) return null;
    return known.reduce((sum, one) => ({
      requests: sum.requests + one.requests,
      failed: sum.failed + one.failed,
    }));
  }
}

/** `0`, `0.4`, `340` */
export function formatRate(perSecond: number): string {
  return perSecond < 9.95 ? String(Number(perSecond.toFixed(1))) : String(Math.round(perSecond));
}
