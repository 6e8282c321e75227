import { setTimeout as pause } from "node:timers/promises";
import { HarnessError } from "../harness-error.js";

const PAUSE_MS = 20;

/** For what ought to happen at once, on a machine that is busy with other things. */
export const DEADLINE_MS = 30_000;

/**
 * Waits until `probe` gives something other than false, null or undefined, and returns that.
 * Throws a HarnessError `deadline` naming `what` when it has not happened within `deadlineMs`; what `probe` throws passes through.
 */
export async function waitUntil<T>(
  what: string,
  deadlineMs: number,
  probe: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  pauseMs = PAUSE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const seen = await probe();
    if (seen !== false && seen !== null && seen !== undefined) return seen;
    if (performance.now() > deadline) {
      throw new HarnessError("deadline", `cannot see ${what}: not within ${deadlineMs} ms`);
    }
    await pause(pauseMs);
  }
}
