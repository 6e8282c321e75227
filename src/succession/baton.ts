import { closeFd } from "../linux/fd.js";
import { receiveMessage, sendMessage } from "../linux/message.js";
import { openSocketPair } from "../linux/socket-pair.js";

/**
 * What only one daemon can have: a packet in a socket that two of them share. The one that takes it out acts from then on, the other one
 * never does. So a daemon that was given everything and stood still may be left, and does nothing when it goes on.
 */
export function createBaton(): number {
  const [theirs, end] = openSocketPair("seqpacket");
  sendMessage(end, Buffer.from("baton"), []);
  closeFd(end);
  return theirs;
}

/** False when the other one has it. The fd is closed. */
export function takeBaton(fd: number): boolean {
  try {
    return (receiveMessage(fd)?.bytes.length ?? 0) > 0;
  } finally {
    closeFd(fd);
  }
}
