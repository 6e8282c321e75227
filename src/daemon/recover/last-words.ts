import { decodeMessage } from "../../channel/json.js";
import { workerMessage } from "../../channel/worker-messages.js";
import { HoldfastError } from "../../lib/failure.js";
import { closeForeign } from "../../linux/close-foreign.js";
import { type Message, receiveMessage } from "../../linux/message.js";
import type { Slot } from "../../model/event.js";
import type { Count } from "../../model/totals.js";
import { countsOf } from "../native-workers/worker-reports.js";

/**
 * What a worker that ended while there was no daemon still had to say of its connections: its last report waits in its channel.
 * Undefined when there is none. The fd is read empty, and stays the caller's.
 */
export function readLastWords(fd: number, from: Slot & { readonly pid: number }): Count | undefined {
  let last: Count | undefined;
  for (let said = receive(fd); said !== undefined && said.bytes.length > 0; said = receive(fd)) {
    said.fds.forEach(closeForeign);
    const message = decodeMessage(workerMessage, said.bytes);
    if (message.ok && message.value.type === "report") last = countsOf(from, message.value.servers);
  }
  return last;
}

/** ECONNRESET is the first word of a peer that died with unread packets; what it had sent comes after it. */
function receive(fd: number): Message | undefined {
  try {
    return receiveMessage(fd);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === "ECONNRESET") return receiveMessage(fd);
    throw error;
  }
}
