import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { asHttpSocket, isChunked, isEventStream } from "../../node-internals/http-parts.js";
import { spread } from "../spread.js";

/** FIN, close, 2 bytes: 1012, Service Restart. RFC 6455, section 5.5.1. */
const serviceRestart = Buffer.from([0x88, 0x02, 0x03, 0xf4]);
/** RFC 9112, section 7.1. */
const lastChunk = "0\r\n\r\n";

/** Connections of an HTTP server that do not end with a response: upgraded ones, and event streams. */
export class Streams {
  readonly #server: Server;
  readonly #webSockets = new WeakSet<object>();
  readonly #ended = new WeakSet<Socket>();
  readonly #note = (request: IncomingMessage, socket: object): void => {
    if (request.headers.upgrade?.toLowerCase() === "websocket") this.#webSockets.add(socket);
  };

  constructor(server: Server) {
    this.#server = server;
    // Node takes an upgrade for refused where nobody listens for it: so not without the app.
    server.on("newListener", (event, listener) => {
      if (event === "upgrade" && listener !== this.#note) this.#listen();
    });
    server.on("removeListener", (event) => {
      if (event === "upgrade" && server.listenerCount("upgrade") === 1) server.off("upgrade", this.#note);
    });
    if (server.listenerCount("upgrade") > 0) this.#listen();
  }

  count(sockets: Iterable<Socket>): number {
    let count = 0;
    for (const socket of sockets) if (isUpgraded(socket) || isStreaming(socket)) count += 1;
    return count;
  }

  /**
   * WebSockets get a close frame, event streams their end; calls back for each. Others are not touched: nothing says in their protocol that they end. What the app
   * writes of a WebSocket at a time are whole frames; to one that writes at this moment the frame comes after that.
   */
  end(sockets: Iterable<Socket>, withinMs: number, onEnd: () => void): void {
    const streams = [...sockets].filter((one) => this.#webSockets.has(one) || isStreaming(one));
    spread(streams, withinMs, (socket) => {
      if (socket.destroyed || socket.writableEnded || this.hasEnded(socket)) return;
      if (this.#webSockets.has(socket)) socket.write(serviceRestart);
      else if (isStreaming(socket)) socket.write(lastChunk, () => socket.destroy());
      else return;
      this.#ended.add(socket);
      onEnd();
    });
  }

  /** It was told to, and is counted. */
  hasEnded(socket: Socket): boolean {
    return this.#ended.has(socket);
  }

  #listen(): void {
    if (!this.#server.listeners("upgrade").includes(this.#note))
      this.#server.prependListener("upgrade", this.#note);
  }
}

/** Or about to be closed. */
function isUpgraded(socket: Socket): boolean {
  return !asHttpSocket(socket).parser && !socket.destroyed && !socket.writableEnded;
}

/** Only a chunked response has an end that can be written. */
function isStreaming(socket: Socket): boolean {
  const { _httpMessage: response } = asHttpSocket(socket);
  return response != null && isEventStream(response) && isChunked(response);
}
