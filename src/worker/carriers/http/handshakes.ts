import type { Socket } from "node:net";
import { whenClosed } from "../socket/when-closed.js";

/** The connections of a TLS server from before their handshake on: what lies under its sockets. */
export class Handshakes {
  readonly #transports = new Set<Socket>();
  #open = 0;

  /** Those that have begun, and neither succeeded nor failed so far. */
  get open(): number {
    return this.#open;
  }

  begin(transport: Socket): void {
    this.#open += 1;
    this.#transports.add(transport);
    whenClosed(transport, () => this.#transports.delete(transport));
  }

  end(): void {
    // None is left when they have been cut.
    this.#open = Math.max(0, this.#open - 1);
  }

  /** Closes all connections, whether their handshake is done or not; returns how many were in it. */
  cut(): number {
    const cut = this.#open;
    this.#open = 0;
    for (const transport of this.#transports) transport.destroy();
    return cut;
  }
}
