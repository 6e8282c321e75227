import { addTotals, nothingCounted, type Totals } from "../lib/counters.js";

/** Under one listener's name, whatever address it had and whichever protocols were spoken there. */
export interface ListenerTotals extends Totals {
  readonly listener: string;
}

/** For what is counted under a name that no listener has had; no listener's name has a blank. */
export const noListener = "(no listener)";

/** What the process in a worker's place has told, sums since it began. */
export interface Count {
  readonly generation: number;
  readonly index: number;
  readonly pid: number;
  readonly listeners: readonly ListenerTotals[];
}

/**
 * Each count is in exactly one of these: it begins with a worker's process, is added to its generation's when that has ended, and
 * to the service's with the generation. So the sum of all never falls.
 */
export interface ServiceCounters {
  /** Of generations that have ended. */
  readonly ended: readonly ListenerTotals[];
  /** Of processes that have ended, by generation. */
  readonly generations: readonly {
    readonly generation: number;
    readonly listeners: readonly ListenerTotals[];
  }[];
  /** Of processes that live, as they told last. */
  readonly workers: readonly Count[];
}

/** One entry a listener, in the order of their names. */
export function addListeners(
  some: readonly ListenerTotals[],
  more: readonly ListenerTotals[] = [],
): readonly ListenerTotals[] {
  const sums = new Map<string, ListenerTotals>();
  for (const one of [...some, ...more]) {
    const { listener } = one;
    sums.set(listener, { listener, ...addTotals(sums.get(listener) ?? nothingCounted, one) });
  }
  return [...sums.values()].sort((a, b) => (a.listener < b.listener ? -1 : 1));
}
