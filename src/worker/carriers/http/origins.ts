import type { Server } from "node:http";
import type { Socket } from "node:net";
import { hasAccepted, readsFirst } from "../../node-internals/own-connections.js";

/** Where a server's connections come from: others than those that it has accepted itself, and reads from first, move only where any may. */
export class Origins {
  readonly #server: Server;
  readonly #any: boolean;
  readonly #elsewhere = new WeakSet<Socket>();

  constructor(server: Server, any: boolean) {
    this.#server = server;
    this.#any = any;
  }

  /** Whether the server can go on with one that came from another worker. */
  get takesIn(): boolean {
    return this.#any || readsFirst(this.#server);
  }

  /** One that is emitted at this moment. */
  note(socket: Socket): void {
    if (!hasAccepted(this.#server, socket)) this.#elsewhere.add(socket);
  }

  mayMove(socket: Socket): boolean {
    return this.#any || !this.#elsewhere.has(socket);
  }
}
