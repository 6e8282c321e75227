import type { Server } from "node:http";
import type { Socket } from "node:net";
import { messageOf } from "../../../lib/failure.js";
import type { OpenConnectionOptions } from "../../node-internals/open-connection.js";
import type { Frozen } from "../carrier.js";
import { bareConnection } from "../dormant/bare-connection.js";
import { adoptHttpConnection } from "./adopt-http-connection.js";
import { describePast, type Past, type Pasts } from "./pasts.js";

/** The way into an HTTP server for connections that it does not accept. */
export class Entrance {
  readonly #server: Server;
  readonly #pasts: Pasts;
  readonly #report: (problem: string) => void;
  #open = false;

  constructor(server: Server, pasts: Pasts, report: (problem: string) => void) {
    this.#server = server;
    this.#pasts = pasts;
    this.#report = report;
  }

  /** Whether the `connection` that is emitted at this moment comes by it. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Throws what the app's listeners throw, with the connection closed. */
  admit(frozen: Frozen, past: Past, options?: OpenConnectionOptions): Socket {
    this.#open = true;
    try {
      const socket = adoptHttpConnection(this.#server, frozen, past, options);
      this.#pasts.adopt(socket, past);
      return socket;
    } finally {
      this.#open = false;
    }
  }

  /** The same for one that was dormant, which the server counts already and for which nobody waits; undefined when the app refuses it. */
  wake(fd: number, past: Past): Socket | undefined {
    try {
      return this.admit(bareConnection(fd, describePast(past)), past, { counted: true });
    } catch (error) {
      this.#report(`a connection was closed: ${messageOf(error)}`);
      return undefined;
    }
  }
}
