import { isReadable } from "../../linux/poll.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { State } from "../../model/state.js";
import { isLasting } from "../exit-status.js";

/**
 * Whether somebody wants the service started now, of which the last start failed. After a failure that lasts Restart= begins no further
 * one: then it is a person, or a client that waits at the socket unit and would cause one start after the other.
 */
export function isAskedFor({ failedStart, listeners }: State, held: Pick<HeldListeners, "fdOf">): boolean {
  if (failedStart === null || !isLasting(failedStart.failure)) return false;
  return !listeners.some(({ id, origin }) => {
    const fd = held.fdOf(id);
    return origin === "unit" && fd !== undefined && isReadable(fd);
  });
}
