import type { ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { isOfConnection, type ResponseTally } from "../response-tally.js";
import { whenClosed } from "../socket/when-closed.js";
import { onResponseFinish } from "./request-events.js";

interface Begun {
  readonly response: ServerResponse;
  readonly sinceMs: number;
}

/** What becomes of the responses of an HTTP/1 server. Upgraded requests and `CONNECT` have none. */
export class HttpResponses {
  readonly #tally: ResponseTally;
  /** Not yet at their end, in the order of their requests; null for a connection whose responses do not count. */
  readonly #begun = new WeakMap<Socket, Begun[] | null>();

  constructor(server: Server, tally: ResponseTally) {
    this.#tally = tally;
    onResponseFinish(server, (response) => this.#finish(response));
  }

  /** What is asked on this connection is the daemon's question, and no client's. */
  ignore(connection: Socket): void {
    this.#begun.set(connection, null);
  }

  /** A request's head has been read. */
  begin(response: ServerResponse): void {
    const { socket } = response.req;
    const begun = this.#begun.get(socket) ?? this.#follow(socket);
    begun?.push({ response, sinceMs: performance.now() });
  }

  #follow(socket: Socket): Begun[] | null {
    if (this.#begun.has(socket)) return null;
    const begun: Begun[] = [];
    this.#begun.set(socket, begun);
    whenClosed(socket, () => {
      for (const { response, sinceMs } of begun.splice(0)) {
        if (leftByClient(socket, response)) {
          this.#tally.leave(response.headersSent, performance.now() - sinceMs);
        } else this.#tally.abort();
      }
    });
    return begun;
  }

  #finish(response: ServerResponse): void {
    const begun = this.#begun.get(response.req.socket);
    // HTTP/1 answers in the order in which it was asked.
    const first = begun?.[0];
    if (begun == null || first?.response !== response) return;
    begun.shift();
    this.#tally.complete(response.statusCode, performance.now() - first.sinceMs);
  }
}

/** A response with an error was destroyed by the app, whose reason may be a connection of its own that broke. */
function leftByClient(socket: Socket, response: ServerResponse): boolean {
  return socket.readableEnded || (!response.errored && isOfConnection(socket.errored));
}
