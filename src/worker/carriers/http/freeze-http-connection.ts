import type { Socket } from "node:net";
import { tryToDuplicateFd } from "../../../linux/fd.js";
import { asHttpSocket, type ConnectionsList, type HttpParser } from "../../node-internals/http-parts.js";
import { handleOf } from "../../node-internals/socket-handle.js";
import type { Frozen } from "../carrier.js";
import { bareConnection } from "../dormant/bare-connection.js";
import { describePast, type Past } from "./pasts.js";

/**
 * Tells connections of which nothing is in this process at this moment: every request that came has been answered,
 * every answer is in the kernel, and no byte of a next request has been read. True until the stack unwinds.
 */
export class BetweenRequests {
  readonly #connections: ConnectionsList;
  #active: ReadonlySet<HttpParser> | undefined;

  /** Good for one turn of the loop: it reads the list once, when it first needs it. */
  constructor(connections: ConnectionsList) {
    this.#connections = connections;
  }

  /** `unused`: the client has not sent a byte since it connected; Node lists its parser as active all the same. */
  includes(connection: Socket, unused: boolean): boolean {
    const socket = asHttpSocket(connection);
    const { parser } = socket;
    const handle = handleOf(socket);
    if (!parser || handle === undefined || socket.destroyed) return false;
    if (socket._httpMessage || socket._paused) return false;
    if (socket.readableLength > 0 || socket.readableEnded) return false;
    if (socket.writableLength > 0 || handle.writeQueueSize > 0 || socket.writableEnded) return false;
    return unused || !this.#isActive(parser);
  }

  #isActive(parser: HttpParser): boolean {
    this.#active ??= new Set(this.#connections.active());
    return this.#active.has(parser);
  }
}

/**
 * Takes one that is between requests out of its server, whose socket is destroyed without a FIN. Undefined, with the
 * socket as it was, when this process is out of descriptors.
 */
export function freezeHttpConnection(socket: Socket, past: Past): Frozen | undefined {
  const handle = handleOf(socket);
  const fd = handle === undefined ? undefined : tryToDuplicateFd(handle.fd);
  if (fd === undefined) return undefined;
  // Closes this number at once and without a FIN, since the duplicate keeps the connection open.
  socket.destroy();
  return bareConnection(fd, describePast(past));
}
