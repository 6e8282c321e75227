import type { CounterName } from "../lib/counters.js";

/** What becomes of responses, and under which heading. A table of their own, so that none is wider than a terminal. */
export const responseColumns: readonly (readonly [heading: string, CounterName])[] = [
  ["BELOW 400", "ok"],
  ["4XX", "clientErrors"],
  ["5XX", "serverErrors"],
  ["ABORTED", "aborted"],
  ["SLOW", "slow"],
];
