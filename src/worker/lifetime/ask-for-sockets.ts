import { decodeMessage } from "../../channel/json.js";
import { type DaemonMessage, daemonMessage } from "../../channel/worker-messages.js";
import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import { sendDatagramWithFds } from "../../linux/datagram.js";
import { closeFd } from "../../linux/fd.js";
import { receiveMessage } from "../../linux/message.js";
import { waitUntilReadable } from "../../linux/poll.js";
import { openSocketPair } from "../../linux/socket-pair.js";
import type { InheritedFd } from "../../systemd/listen-fds.js";

/** A daemon that is just being replaced is there again by then. */
const answerWithinMs = 10_000;

/** What a process has got that was not started by the daemon itself. */
export interface Sockets {
  /** Of a channel of its own, in the place of the one that the worker was started with. */
  readonly channelFd: number;
  readonly inherited: readonly InheritedFd[];
}

/**
 * For a process that a worker has started (npm, a shell): what was passed to the worker has not come down to it, for Node closes
 * all but stdin, stdout and stderr to its children. The daemon passes it once more, to one process of a worker. Waits for that.
 */
export function askForSockets(notifySocket: string): Result<Sockets, Failure<"sockets-refused">> {
  const [own, theirs] = openSocketPair("seqpacket");
  const sent = sendDatagramWithFds(notifySocket, Buffer.from("HOLDFAST_CONNECT=1"), [theirs]);
  closeFd(theirs);
  const answer = sent >= 0 && waitUntilReadable(own, answerWithinMs) ? receiveMessage(own) : undefined;
  const message = answer === undefined ? undefined : decodeMessage(daemonMessage, answer.bytes);
  const fds = answer?.fds ?? [];
  if (message?.ok && message.value.type === "passed" && message.value.names.length === fds.length) {
    const inherited = message.value.names.map((name, at) => ({ fd: fds[at] ?? -1, name }));
    return succeed({ channelFd: own, inherited });
  }
  fds.forEach(closeFd);
  closeFd(own);
  return fail("sockets-refused", `cannot get the listeners of this worker: ${why(sent, message)}`);
}

function why(sent: number, answer: Result<DaemonMessage, Failure<"bad-message">> | undefined): string {
  if (sent < 0) return "nobody is at NOTIFY_SOCKET";
  if (answer === undefined) return `the daemon has not answered within ${answerWithinMs / 1000} s`;
  if (!answer.ok) return "the daemon does not know that question";
  if (answer.value.type === "refused") return answer.value.why;
  return "this process is out of file descriptors";
}
