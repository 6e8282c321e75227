import type { Server } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { HoldfastError } from "../../../lib/failure.js";
import { closeFd } from "../../../linux/fd.js";
import { checkHttpInternals } from "../../node-internals/check-http.js";
import {
  asHttpSocket,
  closeAfterResponse,
  findConnectionsList,
  type HttpParser,
  isEnding,
} from "../../node-internals/http-parts.js";
import { isTlsServer } from "../../node-internals/tls-server.js";
import type { Carrier, Counters, Frozen } from "../carrier.js";
import { LookAgain } from "../look-again.js";
import { type ResponseCounters, ResponseTally } from "../response-tally.js";
import { adoptHttpConnection } from "./adopt-http-connection.js";
import { Candidates } from "./candidates.js";
import { BetweenRequests, freezeHttpConnection } from "./freeze-http-connection.js";
import { Handshakes } from "./handshakes.js";
import { HttpResponses } from "./http-responses.js";
import { onRequestStart } from "./request-events.js";

export interface HttpCarrier extends Carrier {
  readonly kind: "http";
  /** Lets go of an upgraded socket that another carrier answers for from now on; it no longer counts as open here. */
  release(socket: Socket): void;
  /**
   * There is no peer to move to (any more). Every connection is told to close with its next response, as one with TLS
   * always is; none is closed under a request. Listening again ends it, as it ends a drain.
   */
  stopMoving(): void;
}

/**
 * The carrier of an HTTP/1 server, with TLS or without. Make it before the server has connections. With TLS, or where
 * `checkHttpInternals` finds something missing, `freeze` takes nothing out. `maxRequestsPerSocket` counts anew after
 * each move. Responses in flight at a drain are never cut before `cut()`.
 */
export function createHttpCarrier(server: Server): HttpCarrier {
  return new ServerConnections(server);
}

class ServerConnections implements HttpCarrier {
  readonly kind = "http";
  readonly #server: Server;
  /** Whether this Node tells of requests that have begun. */
  readonly #knowsBegun: boolean;
  readonly #canMove: boolean;
  readonly #sockets = new Set<Socket>();
  /** Taken in after the client had used them: here they look unused until the next request. */
  readonly #usedBefore = new WeakSet<Socket>();
  /** While it drains. */
  #candidates: Candidates | undefined;
  #telling = false;
  readonly #lookAgain = new LookAgain();
  readonly #handshakes = new Handshakes();
  readonly #tally = new ResponseTally();
  readonly #responses: HttpResponses;
  #adopting = false;
  #accepted = 0;
  #requests = 0;
  #moved = 0;
  #adopted = 0;
  #finished = 0;
  #cut = 0;

  constructor(server: Server) {
    const tls = isTlsServer(server);
    this.#server = server;
    this.#knowsBegun = checkHttpInternals() === undefined;
    this.#canMove = !tls && this.#knowsBegun;
    this.#responses = new HttpResponses(server, this.#tally);
    onRequestStart(server, (response) => {
      this.#requests += 1;
      this.#responses.begin(response);
      if (this.#telling) response.shouldKeepAlive = false;
    });
    server.on("connection", (socket: Socket) => {
      if (this.#adopting) this.#adopted += 1;
      else this.#accepted += 1;
      if (tls) this.#handshakes.begin(socket);
      else this.#track(socket);
    });
    if (!tls) return;
    server.on("tlsClientError", () => {
      this.#countFinished();
      this.#endHandshake();
    });
    server.on("secureConnection", (socket: Socket) => {
      this.#track(socket);
      // A probe of the daemon comes without a handshake.
      if ("encrypted" in socket) this.#endHandshake();
      else this.#accepted += 1;
    });
  }

  beginDrain(): void {
    if (this.#candidates !== undefined) return;
    this.#server.once("listening", () => this.#resume());
    // http.Server's own close destroys idle connections, whatever request is on its way to them.
    NetServer.prototype.close.call(this.#server);
    this.#candidates = new Candidates(this.#server, this.#sockets, () => this.#notify());
    if (!this.#canMove) this.stopMoving();
    this.#notify();
  }

  stopMoving(): void {
    this.#telling = true;
    this.#candidates?.stopSweeping();
    for (const socket of this.#sockets) closeAfterResponse(socket);
  }

  freeze(limit: number): Frozen[] {
    const frozen: Frozen[] = [];
    const list = this.#canMove && !this.#telling ? findConnectionsList(this.#server) : undefined;
    if (list === undefined) return frozen;
    const betweenRequests = new BetweenRequests(list);
    for (const socket of this.#candidates ?? this.#sockets) {
      if (frozen.length >= limit) break;
      const unused = this.#isUnused(socket);
      if (betweenRequests.includes(socket, unused)) {
        const taken = freezeHttpConnection(socket, unused);
        // Out of descriptors: what does not fit stays a candidate.
        if (taken === undefined) break;
        this.#sockets.delete(socket);
        this.#moved += 1;
        frozen.push(taken);
      }
      this.#candidates?.delete(socket);
    }
    return frozen;
  }

  adopt(frozen: Frozen): void {
    if (!this.#canMove) {
      closeFd(frozen.fd);
      throw new HoldfastError(
        "cannot-adopt",
        "cannot take in a connection: this server cannot go on with it",
      );
    }
    const unused = frozen.meta["unused"] === true && frozen.input.length === 0;
    this.#adopting = true;
    try {
      const socket = adoptHttpConnection(this.#server, frozen, unused);
      if (!unused) this.#usedBefore.add(socket);
    } finally {
      this.#adopting = false;
    }
  }

  release(socket: Socket): void {
    this.#forget(socket);
  }

  get open(): number {
    return this.#sockets.size + this.#handshakes.open;
  }

  get counters(): Counters {
    let inFlight = 0;
    const begun = this.#findBegun();
    for (const socket of this.#sockets) {
      const { _httpMessage: response, parser } = asHttpSocket(socket);
      const reading = parser && begun.has(parser) && !this.#isUnused(socket);
      if (response || reading || isEnding(socket)) inFlight += 1;
    }
    return {
      open: this.open,
      inFlight,
      accepted: this.#accepted,
      requests: this.#requests,
      moved: this.#moved,
      adopted: this.#adopted,
      finished: this.#finished,
      cut: this.#cut,
    };
  }

  get responses(): ResponseCounters {
    return this.#tally.counters;
  }

  countSlow(slowMs: number): void {
    this.#tally.slowMs = slowMs;
  }

  ignoreResponses(connection: Socket): void {
    this.#responses.ignore(connection);
  }

  onChange(callback: () => void): void {
    this.#lookAgain.listen(callback);
  }

  cut(): void {
    this.#tally.close();
    for (const socket of this.#sockets) {
      // One that has just ended by itself has not told so yet.
      if (socket.destroyed) this.#countFinished();
      else this.#cut += 1;
      this.#candidates?.delete(socket);
      socket.destroy();
    }
    this.#cut += this.#handshakes.cut();
    this.#sockets.clear();
    this.#notify();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    this.#candidates?.add(socket);
    socket.once("close", () => {
      if (this.#forget(socket)) this.#countFinished();
    });
  }

  /** False for one that has been moved, released or cut. */
  #forget(socket: Socket): boolean {
    this.#candidates?.delete(socket);
    const known = this.#sockets.delete(socket);
    if (known) this.#notify();
    return known;
  }

  #countFinished(): void {
    if (this.#candidates !== undefined) this.#finished += 1;
  }

  #endHandshake(): void {
    this.#handshakes.end();
    this.#notify();
  }

  /** While it drains: those in the middle of a request's head or body, which has to end here. */
  #findBegun(): ReadonlySet<HttpParser> {
    if (this.#candidates === undefined || !this.#knowsBegun) return new Set();
    return new Set(findConnectionsList(this.#server)?.active());
  }

  #isUnused(socket: Socket): boolean {
    return socket.bytesRead === 0 && !this.#usedBefore.has(socket);
  }

  /** In an immediate the stack is clean, and a kept connection's next request has not been read yet. */
  #notify(): void {
    if (this.#candidates !== undefined) this.#lookAgain.soon();
  }

  #resume(): void {
    this.#candidates?.end();
    this.#candidates = undefined;
    this.#telling = false;
  }
}
