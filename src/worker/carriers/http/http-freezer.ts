import type { Socket } from "node:net";
import { tryToDuplicateFd } from "../../../linux/fd.js";
import { asHttpSocket, type ConnectionsList, type HttpParser } from "../../node-internals/http-parts.js";
import { handleOf, type StreamHandle } from "../../node-internals/socket-handle.js";
import type { Frozen } from "../carrier.js";
import { bareConnection } from "../dormant/bare-connection.js";
import { describePast, type Past, type Pasts } from "./pasts.js";

/**
 * Takes connections out of an HTTP server at the one moment at which nothing of them is in this process: every request that came has been answered,
 * every answer is in the kernel, and no byte of a next request has been read. Good for one turn of the loop: it reads the server's list once,
 * when it first needs it.
 */
export class HttpFreezer {
  readonly #connections: ConnectionsList;
  readonly #pasts: Pasts;
  #active: ReadonlySet<HttpParser> | undefined;

  constructor(connections: ConnectionsList, pasts: Pasts) {
    this.#connections = connections;
    this.#pasts = pasts;
  }

  /** Its socket is destroyed without a FIN; it is as it was where the connection is busy, or this process out of descriptors. */
  freeze(socket: Socket): Frozen | "busy" | "no-descriptor" {
    const past = this.#pasts.of(socket);
    const handle = handleOf(socket);
    if (handle === undefined || !this.#isBetweenRequests(socket, handle, past)) return "busy";
    const fd = tryToDuplicateFd(handle.fd);
    if (fd === undefined) return "no-descriptor";
    // Closes this number at once and without a FIN, since the duplicate keeps the connection open.
    socket.destroy();
    return bareConnection(fd, describePast(past));
  }

  #isBetweenRequests(connection: Socket, handle: StreamHandle, past: Past): boolean {
    const socket = asHttpSocket(connection);
    const { parser } = socket;
    if (!parser || socket.destroyed) return false;
    if (socket._httpMessage || socket._paused) return false;
    if (socket.readableLength > 0 || socket.readableEnded) return false;
    if (socket.writableLength > 0 || handle.writeQueueSize > 0 || socket.writableEnded) return false;
    // Node lists the parser of one whose client has not sent a byte since it connected as active all the same.
    return past === "unused" || !this.#isActive(parser);
  }

  #isActive(parser: HttpParser): boolean {
    this.#active ??= new Set(this.#connections.active());
    return this.#active.has(parser);
  }
}
