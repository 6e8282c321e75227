import { undecided, type Verdict } from "./verdict.js";

/** `unknown`: the check itself could not be made. */
export type HealthOutcome = "healthy" | "unhealthy" | "unknown";

/** How many checks in a row have failed after this one. One that could not be made counts for nothing. */
export function countHealth(failedInARow: number, outcome: HealthOutcome): number {
  if (outcome === "unknown") return failedInARow;
  return outcome === "healthy" ? 0 : failedInARow + 1;
}

/** Bad when `failures` checks in a row have failed. `last` says what the last of them found. */
export function judgeHealth(failedInARow: number, last: string, failures = 3): Verdict {
  if (failedInARow < failures) return undecided;
  const checks = failedInARow === 1 ? "a health check" : `${failedInARow} health checks in a row`;
  return { verdict: "bad", why: `${checks} failed: ${last}` };
}
