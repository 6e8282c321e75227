import type { Socket } from "node:dgram";
import { stopReading } from "../../node-internals/udp-reader.js";
import type { Carrier, Counters, Frozen } from "../carrier.js";

const retryMs = 5;

/** The carrier of a UDP socket: there are no connections, and the queue in the kernel is shared with the next worker. */
export class UdpCarrier implements Carrier {
  readonly kind = "udp";
  readonly #drain: UdpDrain;
  #onChange: () => void = () => {};
  #requests = 0;
  #open = 0;

  constructor(socket: Socket) {
    this.#drain = createUdpDrain(socket);
    socket.on("message", () => {
      this.#requests += 1;
    });
  }

  /** 1 while what was sent before the drain is still on its way out. */
  get open(): number {
    return this.#open;
  }

  get counters(): Counters {
    return {
      open: this.#open,
      inFlight: 0,
      accepted: 0,
      requests: this.#requests,
      moved: 0,
      adopted: 0,
      finished: 0,
      cut: 0,
    };
  }

  beginDrain(): void {
    this.#drain.beginDrain();
    this.#open = 1;
    void this.#drain.finish().then(() => {
      this.#open = 0;
      this.#onChange();
    });
  }

  stopMoving(): void {}

  freeze(): Frozen[] {
    return [];
  }

  adopt(): void {
    throw new TypeError("a UDP socket has no connections");
  }

  onChange(callback: () => void): void {
    this.#onChange = callback;
  }

  cut(): void {
    this.#open = 0;
  }
}

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
