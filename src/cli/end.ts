import type { Failure, Result } from "../lib/failure.js";

/** How a command ended, if it did not fail. `degraded`: the service serves, but somebody has to look after it. */
export type End = Result<"done" | "degraded">;

/** The exit status of a command, the same for all of them. */
export function exitStatusOf(end: End): 0 | 1 | 2 | 3 | 4 {
  if (end.ok) return end.value === "done" ? 0 : 4;
  return exitStatusOfFailure(end.failure);
}

function exitStatusOfFailure({ reason }: Failure): 1 | 2 | 3 {
  if (reason === "usage") return 2;
  return reason === "not-running" || reason === "no-such-instance" ? 3 : 1;
}
