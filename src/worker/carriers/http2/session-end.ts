import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { sayGoAway } from "./go-away.js";
import { isGrpcStream } from "./grpc-streams.js";

/**
 * How long a client may keep a connection whose session has ended, which it was told; the last bytes to it are then in
 * the kernel. A client with a pool may not look at an idle connection for hours.
 */
const lingerMs = 2_000;

/**
 * One session and how it ends in a drain. Without TLS its client is told to open no more streams (`sayGoAway`). With
 * TLS, where nobody but Node can write a frame, it gets a single GOAWAY in front of its next response: a client that
 * waits for that response loses nothing, and requests that cross the GOAWAY are refused as not processed, to be sent
 * again (RFC 9113, section 6.8).
 */
export class SessionEnd {
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #twoSteps: boolean;
  readonly #streams = new Set<ServerHttp2Stream>();
  #multiplexed = false;
  #draining = false;

  constructor(session: ServerHttp2Session, socket: Socket, twoSteps: boolean) {
    this.#session = session;
    this.#socket = socket;
    this.#twoSteps = twoSteps;
  }

  /** Streams; and, when the session has ended, its last bytes as long as they are not out. */
  get inFlight(): number {
    const ending = this.#session.closed && !this.#socket.writableFinished && !this.#socket.destroyed;
    return this.#streams.size + (ending && this.#streams.size === 0 ? 1 : 0);
  }

  /** It is open for gRPC streams alone. */
  get isEndless(): boolean {
    return this.#streams.size > 0 && [...this.#streams].every(isGrpcStream);
  }

  /** Those that may go on for as long as their app likes. */
  get grpcStreams(): readonly ServerHttp2Stream[] {
    return [...this.#streams].filter(isGrpcStream);
  }

  add(stream: ServerHttp2Stream): void {
    this.#streams.add(stream);
    stream.once("close", () => this.#streams.delete(stream));
    if (this.#streams.size > 1) this.#multiplexed = true;
    if (this.#draining && !this.#twoSteps) this.#closeWithResponse();
  }

  beginDrain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const linger = (): void => void setTimeout(() => this.#socket.destroy(), lingerMs).unref();
    if (this.#socket.writableFinished) linger();
    else this.#socket.once("finish", linger);
    if (this.#twoSteps) sayGoAway(this.#session, this.#socket);
    else if (this.#owesResponse) this.#closeWithResponse();
  }

  /** A GOAWAY without waiting for a request: one that crosses it is not processed, and its client is told so. */
  endIdle(): void {
    if (!this.#twoSteps && this.#streams.size === 0) this.#session.close();
  }

  get #owesResponse(): boolean {
    return [...this.#streams].some(({ writableEnded }) => !writableEnded);
  }

  #closeWithResponse(): void {
    // Requests often come in one packet, and Node tells of them one by one: the rest of them are to be served.
    if (this.#multiplexed) setImmediate(() => this.#session.close());
    else this.#session.close();
  }
}
