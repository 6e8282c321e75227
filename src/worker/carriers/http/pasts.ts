import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { asksForUpgrade } from "../../node-internals/http-parts.js";
import type { Frozen, Meta } from "../carrier.js";

/** What has been on a connection: nothing, requests, or requests of which the last wanted an upgrade in vain. */
export type Past = "unused" | "used" | "upgrade-refused";

const metas: Readonly<Record<Past, Meta>> = {
  unused: { unused: true },
  used: {},
  "upgrade-refused": { upgradeRefused: true },
};

/** What goes along with a connection of that past. */
export function describePast(past: Past): Meta {
  return metas[past];
}

/** That of a connection from another worker; with bytes that were read of it, it is a used one. */
export function readPast({ meta, input }: Frozen): Past {
  if (meta["upgradeRefused"] === true) return "upgrade-refused";
  return meta["unused"] === true && input.length === 0 ? "unused" : "used";
}

/** The pasts of a server's connections. */
export class Pasts {
  /** Of those that their sockets do not tell: of connections taken in, and where the last request wanted an upgrade. */
  readonly #known = new WeakMap<Socket, Past>();

  of(socket: Socket): Past {
    return this.#known.get(socket) ?? (socket.bytesRead === 0 ? "unused" : "used");
  }

  /** A connection that was taken in. */
  adopt(socket: Socket, past: Past): void {
    if (past !== "unused") this.#known.set(socket, past);
  }

  /** A request that is none of an upgrade, whether its client wanted one or not. */
  note(request: IncomingMessage): void {
    const { socket } = request;
    if (asksForUpgrade(request)) this.#known.set(socket, "upgrade-refused");
    else if (this.#known.get(socket) === "upgrade-refused") this.#known.set(socket, "used");
  }
}
