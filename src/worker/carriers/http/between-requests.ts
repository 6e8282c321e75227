import type { ConnectionsList, HttpParser, HttpSocket } from "../../node-internals/http-parts.js";
import { handleOf } from "../../node-internals/socket-handle.js";

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
  includes(socket: HttpSocket, unused: boolean): boolean {
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
