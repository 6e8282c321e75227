import type { Server } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { HoldfastError } from "../../../lib/failure.js";
import { closeFd } from "../../../linux/fd.js";
import { checkHttpInternals } from "../../node-internals/check-http.js";
import { closeAfterResponse, findConnectionsList } from "../../node-internals/http-parts.js";
import { isTlsServer } from "../../node-internals/tls-server.js";
import type { Carrier, Counters, Frozen } from "../carrier.js";
import { isBare } from "../dormant/bare-connection.js";
import { LookAgain } from "../look-again.js";
import { ResponseTally } from "../response-tally.js";
import { whenClosed } from "../socket/when-closed.js";
import { Candidates } from "./candidates.js";
import { DormantHttp } from "./dormant-http.js";
import { Entrance } from "./entrance.js";
import { Handshakes } from "./handshakes.js";
import { HttpFreezer } from "./http-freezer.js";
import { HttpResponses } from "./http-responses.js";
import { type Idle, IdleSweep } from "./idle-sweep.js";
import { countInFlight, findBegun, none } from "./in-flight.js";
import { Origins } from "./origins.js";
import { Pasts, readPast } from "./pasts.js";
import { onRequestStart } from "./request-events.js";
import { Streams } from "./streams.js";

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

export interface HttpCarrierOptions {
  /** Connections move whatever their origin. */
  readonly anyOrigin?: boolean;
  /** In normal service a connection on which nothing has come for so long is dormant, too. */
  readonly dormantAfterMs?: number | undefined;
  readonly report?: (problem: string) => void;
}

/**
 * The carrier of an HTTP/1 server, with TLS or without. Make it before the server has connections. With TLS, or where
 * `checkHttpInternals` finds something missing, `freeze` takes nothing out; nor connections that the server has not accepted
 * itself or does not read from first, unless they move whatever their origin. `maxRequestsPerSocket` counts anew after
 * each move. One that is taken in is dormant until its client speaks: only then the app hears of it. Responses in flight at a drain are never cut before `cut()`.
 */
export function createHttpCarrier(server: Server, options: HttpCarrierOptions = {}): HttpCarrier {
  return new ServerConnections(server, options);
}

class ServerConnections implements HttpCarrier {
  readonly kind = "http";
  readonly #server: Server;
  /** Whether this Node tells of requests that have begun. */
  readonly #knowsBegun: boolean;
  readonly #mayMove: boolean;
  readonly #origins: Origins;
  readonly #sockets = new Set<Socket>();
  readonly #dormant: DormantHttp;
  readonly #idleSweep: IdleSweep | undefined;
  readonly #pasts = new Pasts();
  readonly #entrance: Entrance;
  readonly #streams: Streams;
  /** While it drains. */
  #candidates: Candidates | undefined;
  #telling = false;
  readonly #lookAgain = new LookAgain();
  readonly #handshakes = new Handshakes();
  readonly tally = new ResponseTally();
  readonly #responses: HttpResponses;
  readonly #counts = { accepted: 0, requests: 0, moved: 0, adopted: 0, finished: 0, cut: 0 };

  constructor(server: Server, { anyOrigin = false, dormantAfterMs, report = () => {} }: HttpCarrierOptions) {
    const tls = isTlsServer(server);
    this.#server = server;
    this.#knowsBegun = checkHttpInternals() === undefined;
    this.#mayMove = !tls && this.#knowsBegun;
    this.#origins = new Origins(server, anyOrigin);
    this.#entrance = new Entrance(server, this.#pasts, report);
    this.#dormant = new DormantHttp(server, {
      wake: (fd, past) => {
        this.#notify();
        return this.#entrance.wake(fd, past);
      },
      onEnd: () => {
        this.#countFinished();
        this.#notify();
      },
    });
    if (dormantAfterMs !== undefined && this.#mayMove)
      this.#idleSweep = new IdleSweep({
        sockets: this.#sockets,
        afterMs: dormantAfterMs,
        onIdle: (idle) => this.#letSleep(idle),
      });
    this.#streams = new Streams(server);
    this.#responses = new HttpResponses(server, this.tally);
    onRequestStart(server, (response) => {
      this.#counts.requests += 1;
      this.#responses.begin(response);
      this.#pasts.note(response.req);
      if (this.#telling || this.#mustStay(response.req.socket)) response.shouldKeepAlive = false;
    });
    server.on("connection", (socket: Socket) => {
      if (!this.#entrance.isOpen) {
        this.#counts.accepted += 1;
        this.#origins.note(socket);
      }
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
      else this.#counts.accepted += 1;
    });
  }

  beginDrain(): void {
    if (this.#candidates !== undefined) return;
    this.#server.once("listening", () => this.#resume());
    // http.Server's own close destroys idle connections, whatever request is on its way to them.
    NetServer.prototype.close.call(this.#server);
    this.#candidates = new Candidates(this.#server, this.#sockets, () => this.#notify());
    if (!this.takesIn) this.stopMoving();
    for (const socket of this.#sockets) if (this.#mustStay(socket)) closeAfterResponse(socket);
    this.#notify();
  }

  stopMoving(): void {
    this.#telling = true;
    this.#candidates?.stopSweeping();
    for (const socket of this.#sockets) closeAfterResponse(socket);
  }

  freeze(limit: number): Frozen[] {
    const freezer = this.#telling ? undefined : this.#openFreezer();
    if (freezer === undefined) return [];
    const frozen = this.#dormant.freeze(limit);
    for (const socket of this.#candidates ?? this.#sockets) {
      if (frozen.length >= limit) break;
      const taken = this.#origins.mayMove(socket) ? freezer.freeze(socket) : "busy";
      // What does not fit stays a candidate.
      if (taken === "no-descriptor") break;
      this.#candidates?.delete(socket);
      if (taken === "busy") continue;
      this.#sockets.delete(socket);
      frozen.push(taken);
    }
    this.#counts.moved += frozen.length;
    return frozen;
  }

  get takesIn(): boolean {
    return this.#mayMove && this.#origins.takesIn;
  }

  adopt(frozen: Frozen): void {
    if (!this.takesIn) {
      closeFd(frozen.fd);
      throw new HoldfastError(
        "cannot-adopt",
        "cannot take in a connection: this server cannot go on with it",
      );
    }
    const past = readPast(frozen);
    if (!isBare(frozen) || !this.#dormant.keep(frozen.fd, past)) this.#entrance.admit(frozen, past);
    this.#counts.adopted += 1;
    this.#notify();
  }

  release(socket: Socket): void {
    this.#forget(socket);
  }

  get open(): number {
    return this.#sockets.size + this.#dormant.open + this.#handshakes.open;
  }

  get counters(): Counters {
    const begun = this.#candidates !== undefined && this.#knowsBegun ? findBegun(this.#server) : none;
    const inFlight = countInFlight(this.#sockets, begun, this.#pasts);
    return { open: this.open, inFlight, ...this.#counts };
  }

  ignoreResponses(connection: Socket): void {
    this.#responses.ignore(connection);
  }

  onChange(callback: () => void): void {
    this.#lookAgain.listen(callback);
  }

  get endless(): number {
    return this.#streams.count(this.#sockets);
  }

  endStreams(withinMs: number): void {
    this.#streams.end(this.#sockets, withinMs, () => {
      this.tally.close();
      this.#counts.cut += 1;
    });
  }

  cut(): void {
    this.tally.close();
    for (const socket of this.#sockets) {
      // One that has just ended by itself has not told so yet.
      if (socket.destroyed) this.#countFinished();
      else if (!this.#streams.hasEnded(socket)) this.#counts.cut += 1;
      this.#candidates?.delete(socket);
      socket.destroy();
    }
    this.#counts.cut += this.#handshakes.cut() + this.#dormant.cut();
    this.#sockets.clear();
    this.#notify();
  }

  #openFreezer(): HttpFreezer | undefined {
    const list = this.takesIn ? findConnectionsList(this.#server) : undefined;
    return list && new HttpFreezer(list, this.#pasts);
  }

  /** In a drain they move, or are told to close. */
  #letSleep(idle: readonly Idle[]): void {
    const freezer = this.#server.listening ? this.#openFreezer() : undefined;
    for (const { socket, forMs } of idle) {
      const frozen = this.#origins.mayMove(socket) ? freezer?.freeze(socket) : "busy";
      if (typeof frozen !== "object") continue;
      this.#sockets.delete(socket);
      const past = readPast(frozen);
      if (!this.#dormant.keep(frozen.fd, past, forMs)) this.#entrance.admit(frozen, past);
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    this.#idleSweep?.begin();
    this.#candidates?.add(socket);
    whenClosed(socket, () => {
      if (this.#forget(socket) && !this.#streams.hasEnded(socket)) this.#countFinished();
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
    if (this.#candidates !== undefined) this.#counts.finished += 1;
  }

  #endHandshake(): void {
    this.#handshakes.end();
    this.#notify();
  }

  /** While it drains: one that has to be told to close. */
  #mustStay(socket: Socket): boolean {
    return this.#candidates !== undefined && !this.#origins.mayMove(socket);
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
