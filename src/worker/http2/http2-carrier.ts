import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { Server as NetServer, type Socket } from "node:net";
import { HoldfastError } from "../../lib/failure.js";
import { closeFd } from "../../linux/fd.js";
import type { Carrier, Counters, Frozen } from "../carrier.js";
import { speaksTls } from "../http/internals.js";
import { sayGoAway } from "./go-away.js";
import { Http1Responses } from "./http1-responses.js";

/**
 * How long a client may keep a connection whose session has ended, which it was told; the last bytes to it are then in
 * the kernel. A client with a pool may not look at an idle connection for hours.
 */
const lingerMs = 5_000;

/** Whether a server is one of node:http2, told without loading that into apps that need none. */
export function speaksHttp2(server: NetServer): boolean {
  return "updateSettings" in server;
}

/**
 * The carrier of an HTTP/2 server, with TLS or without, `allowHTTP1` included. Make it before the server has
 * connections. They cannot move: a drain tells each session to open no more streams (`sayGoAway`), and each HTTP/1
 * connection to close with its next response. What is in flight is never cut before `cut()`.
 */
export function createHttp2Carrier(server: NetServer): Carrier {
  return new ServerSessions(server);
}

class ServerSessions implements Carrier {
  readonly kind = "http2";
  readonly #server: NetServer;
  readonly #responses: Http1Responses;
  /** Those of the kernel: under TLS from before the handshake on. */
  readonly #connections = new Set<Socket>();
  readonly #sessions = new Map<ServerHttp2Session, Socket>();
  #streams = 0;
  #draining = false;
  #onChange: (() => void) | undefined;
  #notifying = false;
  #accepted = 0;
  #requests = 0;
  #cut = 0;

  constructor(server: NetServer) {
    this.#server = server;
    this.#responses = new Http1Responses(server);
    let arriving: Socket | undefined;
    // Before Node's own listener, in which the session begins: a session does not let go of its socket.
    server.prependListener(speaksTls(server) ? "secureConnection" : "connection", (socket: Socket) => {
      arriving = socket;
    });
    server.on("session", (session: ServerHttp2Session) => {
      if (arriving !== undefined) this.#begin(session, arriving);
    });
    server.on("connection", (connection: Socket) => {
      this.#accepted += 1;
      this.#connections.add(connection);
      connection.once("close", () => {
        this.#connections.delete(connection);
        this.#notify();
      });
    });
    server.on("stream", (stream: ServerHttp2Stream) => {
      this.#requests += 1;
      this.#streams += 1;
      stream.once("close", () => {
        this.#streams -= 1;
      });
    });
    server.on("listening", () => {
      this.#draining = false;
      this.#responses.resume();
    });
  }

  get open(): number {
    return this.#connections.size;
  }

  get counters(): Counters {
    return {
      open: this.open,
      inFlight: this.#streams + this.#responses.inFlight,
      accepted: this.#accepted,
      requests: this.#requests + this.#responses.started,
      moved: 0,
      adopted: 0,
      cut: this.#cut,
    };
  }

  beginDrain(): void {
    if (this.#draining) return;
    this.#draining = true;
    // The own close of newer versions ends sessions with one GOAWAY, and idle HTTP/1 connections at once.
    NetServer.prototype.close.call(this.#server);
    this.#responses.tellToClose();
    for (const [session, socket] of this.#sessions) this.#tell(session, socket);
    this.#notify();
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
    this.#onChange = callback;
  }

  cut(): void {
    for (const connection of this.#connections) {
      this.#cut += 1;
      connection.destroy();
    }
  }

  #begin(session: ServerHttp2Session, socket: Socket): void {
    this.#sessions.set(session, socket);
    socket.once("close", () => this.#sessions.delete(session));
    if (this.#draining) this.#tell(session, socket);
  }

  #tell(session: ServerHttp2Session, socket: Socket): void {
    const linger = (): void => void setTimeout(() => socket.destroy(), lingerMs).unref();
    if (socket.writableFinished) linger();
    else socket.once("finish", linger);
    sayGoAway(session, socket);
  }

  #notify(): void {
    if (this.#notifying || !this.#draining) return;
    this.#notifying = true;
    setImmediate(() => {
      this.#notifying = false;
      this.#onChange?.();
    });
  }
}
