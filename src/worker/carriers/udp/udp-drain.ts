import type { Socket } from "node:dgram";
import { stopReading } from "../../node-internals/udp-reader.js";

const retryMs = 5;

/** The end of a UDP socket whose fd another worker shares: both read one queue, so there is nothing to move. */
export interface UdpDrain {
  /** Leaves what comes from now on in the kernel's queue, to whoever else reads it. Answers can still be sent. */
  beginDrain(): void;
  /** Closes the socket as soon as all that was sent is out. Safe to call on a closed one. */
  finish(): Promise<void>;
}

/** To be drained only after the other worker has begun to read, or to leave the queue to the next start. */
export function createUdpDrain(socket: Socket): UdpDrain {
  return {
    beginDrain: () => stopReading(socket),
    finish: () => closeWhenSent(socket),
  };
}

function closeWhenSent(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    const closeIfSent = () => {
      try {
        if (socket.getSendQueueCount() > 0) setTimeout(closeIfSent, retryMs);
        else socket.close();
      } catch {
        // ERR_SOCKET_DGRAM_NOT_RUNNING: the app has closed it.
        resolve();
      }
    };
    // send() looks its address up first, which takes until the next turn even for a number.
    setImmediate(closeIfSent);
  });
}
