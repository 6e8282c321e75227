import type { Socket } from "node:dgram";
import type { Carrier, Counters, Frozen } from "../carrier.js";
import { createUdpDrain, type UdpDrain } from "./udp-drain.js";

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
