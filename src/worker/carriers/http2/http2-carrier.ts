import type { Http2Session, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { Server as NetServer, type Socket } from "node:net";
import { HoldfastError } from "../../../lib/failure.js";
import { closeFd } from "../../../linux/fd.js";
import { checkHttpInternals } from "../../node-internals/check-http.js";
import { isTlsServer } from "../../node-internals/tls-server.js";
import type { Carrier, Counters, Frozen } from "../carrier.js";
import { LookAgain } from "../look-again.js";
import { ResponseTally } from "../response-tally.js";
import { whenClosed } from "../socket/when-closed.js";
import { spread } from "../spread.js";
import { endGrpcStream } from "./grpc-streams.js";
import { Http1Responses } from "./http1-responses.js";
import { SessionEnd } from "./session-end.js";
import { StreamResponses } from "./stream-responses.js";

/** Whether a server is one of node:http2, told without loading that into apps that need none. */
export function speaksHttp2(server: NetServer): boolean {
  return "updateSettings" in server;
}

/**
 * The carrier of an HTTP/2 server, with TLS or without, `allowHTTP1` included. Make it before the server has
 * connections. They cannot move: a drain ends each session as `SessionEnd` says, and tells each HTTP/1 connection to
 * close with its next response. What is in flight is never cut before `cut()`.
 */
export function createHttp2Carrier(server: NetServer): Carrier {
  return new ServerSessions(server);
}

class ServerSessions implements Carrier {
  readonly kind = "http2";
  readonly #server: NetServer;
  readonly tally = new ResponseTally();
  readonly #responses: Http1Responses;
  readonly #streamResponses = new StreamResponses(this.tally);
  readonly #probes = new WeakSet<Socket>();
  /** Those of the kernel: under TLS from before the handshake on. */
  readonly #connections = new Set<Socket>();
  readonly #sessions = new Map<Http2Session, SessionEnd>();
  #draining = false;
  readonly #lookAgain = new LookAgain();
  #accepted = 0;
  #requests = 0;
  #finished = 0;
  #cut = 0;

  constructor(server: NetServer) {
    this.#server = server;
    this.#responses = new Http1Responses(server, this.tally);
    const twoSteps = !isTlsServer(server) && checkHttpInternals() === undefined;
    let arriving: Socket | undefined;
    // Before Node's own listener, in which the session begins: a session does not let go of its socket.
    server.prependListener(isTlsServer(server) ? "secureConnection" : "connection", (socket: Socket) => {
      arriving = socket;
    });
    server.on("session", (session: ServerHttp2Session) => {
      if (arriving !== undefined) this.#begin(session, arriving, twoSteps);
    });
    server.on("connection", (connection: Socket) => this.#track(connection));
    // A probe of the daemon comes without a handshake.
    server.on("secureConnection", (socket: Socket) => {
      if (!("encrypted" in socket)) this.#track(socket);
    });
    // Before the app, which may destroy the stream at once.
    server.prependListener("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      this.#streamResponses.begin(stream, headers[":method"]);
    });
    server.on("stream", (stream: ServerHttp2Stream) => {
      this.#requests += 1;
      if (stream.session !== undefined) this.#sessions.get(stream.session)?.add(stream);
    });
  }

  get open(): number {
    return this.#connections.size;
  }

  get counters(): Counters {
    let inFlight = this.#responses.inFlight;
    for (const session of this.#sessions.values()) inFlight += session.inFlight;
    return {
      open: this.open,
      inFlight,
      accepted: this.#accepted,
      requests: this.#requests + this.#responses.started,
      moved: 0,
      adopted: 0,
      finished: this.#finished,
      cut: this.#cut,
    };
  }

  ignoreResponses(connection: Socket): void {
    this.#probes.add(connection);
    this.#responses.ignore(connection);
  }

  beginDrain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#server.once("listening", () => {
      this.#draining = false;
      this.#responses.resume();
    });
    // The own close of newer versions ends sessions with one GOAWAY, and idle HTTP/1 connections at once.
    NetServer.prototype.close.call(this.#server);
    this.#responses.tellToClose();
    for (const session of this.#sessions.values()) session.beginDrain();
    this.#notify();
  }

  endIdle(): void {
    for (const session of this.#sessions.values()) session.endIdle();
  }

  stopMoving(): void {}

  freeze(): Frozen[] {
    return [];
  }

  adopt({ fd }: Frozen): void {
    closeFd(fd);
    throw new HoldfastError(
      "cannot-adopt",
      "cannot take in a connection: those of HTTP/2 servers do not move",
    );
  }

  onChange(callback: () => void): void {
    this.#lookAgain.listen(callback);
  }

  get endless(): number {
    return [...this.#sessions.values()].filter((session) => session.isEndless).length;
  }

  endStreams(withinMs: number): void {
    const streams = [...this.#sessions.values()].flatMap(({ grpcStreams }) => grpcStreams);
    spread(streams, withinMs, endGrpcStream);
  }

  cut(): void {
    this.tally.close();
    for (const connection of this.#connections) {
      this.#cut += 1;
      this.#connections.delete(connection);
      connection.destroy();
    }
    this.#notify();
  }

  #track(connection: Socket): void {
    this.#accepted += 1;
    this.#connections.add(connection);
    whenClosed(connection, () => {
      if (this.#connections.delete(connection) && this.#draining) this.#finished += 1;
      this.#notify();
    });
  }

  #begin(session: ServerHttp2Session, socket: Socket, twoSteps: boolean): void {
    const end = new SessionEnd(session, socket, twoSteps);
    this.#sessions.set(session, end);
    if (this.#probes.has(socket)) this.#streamResponses.ignore(session);
    whenClosed(socket, () => this.#sessions.delete(session));
    if (this.#draining) end.beginDrain();
  }

  #notify(): void {
    if (this.#draining) this.#lookAgain.soon();
  }
}
