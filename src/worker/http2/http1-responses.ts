import type { ServerResponse } from "node:http";
import type { Server } from "node:net";
import { asHttpSocket } from "../http/internals.js";
import { onRequestStart } from "../http/request-events.js";

/** The HTTP/1 requests of a server with `allowHTTP1`, on the connections that did not choose HTTP/2. */
export class Http1Responses {
  readonly #inFlight = new Set<ServerResponse>();
  #started = 0;
  /** Each connection is told to close with its next response; none is closed under a request. */
  #telling = false;

  constructor(server: Server) {
    onRequestStart(server, (response) => {
      this.#started += 1;
      if (this.#telling) response.shouldKeepAlive = false;
      this.#inFlight.add(response);
      response.once("close", () => this.#inFlight.delete(response));
    });
  }

  get started(): number {
    return this.#started;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  tellToClose(): void {
    this.#telling = true;
    for (const response of this.#inFlight) {
      const { socket, req: request } = response;
      // Not with more requests pipelined behind it: their responses must come first.
      if (socket !== null && asHttpSocket(socket).parser?.incoming === request)
        response.shouldKeepAlive = false;
    }
  }

  resume(): void {
    this.#telling = false;
  }
}
