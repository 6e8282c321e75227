import { closeFd } from "../linux/fd.js";
import { waitUntilReadable } from "../linux/poll.js";
import { openSocketPair } from "../linux/socket-pair.js";
import { sendWithFds } from "./send-with-fds.js";

const patienceMs = 1_000;

/**
 * Waits until the service manager has read all that this process has told it, at most a second, in which this process stands still. For before
 * an exit: what comes from a process that has ended it may leave aside. False where it is not known. sd_notify_barrier(3)
 */
export function awaitHeard(): boolean {
  let pair: ReturnType<typeof openSocketPair>;
  try {
    pair = openSocketPair("stream");
  } catch {
    // Out of fds; it is only a precaution.
    return false;
  }
  const [ours, theirs] = pair;
  // The manager closes the fd when it comes to this message, and does nothing else with it.
  const sent = sendWithFds("BARRIER=1", [theirs]);
  closeFd(theirs);
  const heard = sent && waitUntilReadable(ours, patienceMs);
  closeFd(ours);
  return heard;
}
