import type { ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { checkHttpInternals } from "../../node-internals/check-http.js";
import {
  asHttpSocket,
  closeAfterResponse,
  findConnectionsList,
  isEnding,
} from "../../node-internals/http-parts.js";
import { HttpResponses } from "../http/http-responses.js";
import { onRequestStart } from "../http/request-events.js";
import type { ResponseTally } from "../response-tally.js";
import { whenClosed } from "../socket/when-closed.js";

/** The HTTP/1 requests of a server with `allowHTTP1`, on the connections that did not choose HTTP/2. */
export class Http1Responses {
  readonly #server: Server;
  readonly #responses: HttpResponses;
  readonly #sockets = new Set<Socket>();
  readonly #inFlight = new Set<ServerResponse>();
  #started = 0;
  /** Each connection is told to close with its next response; none is closed under a request. */
  #telling = false;

  constructor(server: Server, tally: ResponseTally) {
    this.#server = server;
    this.#responses = new HttpResponses(server, tally);
    server.on("secureConnection", (socket: Socket) => {
      if (Reflect.get(socket, "alpnProtocol") === "h2") return;
      this.#sockets.add(socket);
      whenClosed(socket, () => this.#sockets.delete(socket));
    });
    onRequestStart(server, (response) => {
      this.#started += 1;
      this.#responses.begin(response);
      if (this.#telling) response.shouldKeepAlive = false;
      this.#inFlight.add(response);
      response.once("close", () => this.#inFlight.delete(response));
    });
  }

  ignore(connection: Socket): void {
    this.#responses.ignore(connection);
  }

  get started(): number {
    return this.#started;
  }

  /** While they are told to close, with those whose head is being read, and those whose last bytes are not out yet. */
  get inFlight(): number {
    return this.#inFlight.size + this.#countUnfinished();
  }

  #countUnfinished(): number {
    if (!this.#telling || checkHttpInternals() !== undefined) return 0;
    const active = new Set(findConnectionsList(this.#server)?.active());
    let unfinished = 0;
    for (const socket of this.#sockets) {
      const { parser, _httpMessage: response, bytesRead } = asHttpSocket(socket);
      if (isEnding(socket) || (!response && parser && bytesRead > 0 && active.has(parser))) unfinished += 1;
    }
    return unfinished;
  }

  tellToClose(): void {
    this.#telling = true;
    for (const socket of this.#sockets) closeAfterResponse(socket);
  }

  resume(): void {
    this.#telling = false;
  }
}
