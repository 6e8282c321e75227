import { backoffMs } from "../../lib/backoff.js";
import { monotonicMs } from "../../linux/boot.js";
import { isReadable } from "../../linux/poll.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { State } from "../../model/state.js";
import { isLasting } from "../exit-status.js";

/** No person is that quick, and Restart= of no unit that slow. */
const promptMs = 1_000;

/**
 * Whether somebody wants the service started now, of which the last start failed. After a failure that lasts the shipped units begin no
 * further one by themselves: then it is a person, or a client that waits at the socket unit and would cause one start after the other.
 */
export function isWanted({ failedStart, listeners }: State, held: Pick<HeldListeners, "fdOf">): boolean {
  if (failedStart === null || !isLasting(failedStart.failure)) return false;
  const { count, retryAt } = failedStart;
  if (monotonicMs() < retryAt - backoffMs(count) + promptMs) return false;
  return !listeners.some(({ id, origin }) => {
    const fd = held.fdOf(id);
    return origin === "unit" && fd !== undefined && isReadable(fd);
  });
}
