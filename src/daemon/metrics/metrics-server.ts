import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Exposition } from "../../control/port.js";
import { messageOf } from "../../lib/failure.js";
import { callWhenOver } from "../../lib/late-timer.js";

export interface MetricsServerOptions {
  /** Asks the workers for their counters, for a short time. */
  readonly recount: () => Promise<void>;
  readonly metrics: () => Exposition;
  readonly warn: (message: string) => void;
  /** How long a connection may last; 10 s unless told, as long as a scraper waits. */
  readonly timeoutMs?: number;
}

const headLimitBytes = 8 * 1024;
const connectionLimit = 32;
/** However often it is asked, the metrics are made no more often. */
const freshMs = 1_000;
/** A request is there a moment after its connection. */
const lastWordsMs = 100;
/** Node looks for overdue requests on a timer of its own, which would wake an idle daemon; setTimeout's longest. */
const neverMs = 2 ** 31 - 1;

/**
 * Answers GET and HEAD of /metrics, to whoever can connect, and nothing else. Whatever is sent to it, or not read, it holds few
 * connections, each for a short time: one more takes the place of the oldest.
 */
export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #servers = new Map<number, Server>();
  readonly #connections = new Set<Socket>();
  readonly #waiting = new Set<ServerResponse>();
  #made: Promise<Exposition> | undefined;
  #staleAt = 0;
  #closed = false;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
  }

  /** Also answers who connects to this socket, which is the server's until `stop`. `onFault`: it cannot be listened on. */
  serve(fd: number, onFault: (error: Error) => void): void {
    const server = createServer(
      {
        maxHeaderSize: headLimitBytes,
        headersTimeout: 0,
        requestTimeout: 0,
        connectionsCheckingInterval: neverMs,
        requireHostHeader: false,
      },
      (request, response) => this.#answer(request, response),
    );
    server.maxRequestsPerSocket = 1;
    server.on("connection", (socket) => this.#take(socket));
    server.on("error", onFault);
    this.#servers.set(fd, server);
    server.listen({ fd });
  }

  /** Nobody who connects to that socket is answered from here any more. */
  stop(fd: number): void {
    this.#servers.get(fd)?.close();
    this.#servers.delete(fd);
  }

  /**
   * Accepts nobody any more. Whoever was accepted is told what is known; resolves when that is done, or a moment later: some say
   * nothing.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const fd of this.#servers.keys()) this.stop(fd);
    for (const response of this.#waiting) this.#send(response, this.#options.metrics());
    const late = new Promise((resolve) => setTimeout(resolve, lastWordsMs));
    const gone = [...this.#connections].map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    await Promise.race([late, Promise.all(gone)]);
  }

  #take(socket: Socket): void {
    const lift = callWhenOver(this.#options.timeoutMs ?? 10_000, () => socket.destroy());
    this.#connections.add(socket);
    socket.once("close", () => {
      lift();
      this.#connections.delete(socket);
    });
    const [oldest] = this.#connections;
    if (this.#connections.size > connectionLimit) oldest?.destroy();
  }

  #answer({ method, url = "" }: IncomingMessage, response: ServerResponse): void {
    if (url.split("?", 1)[0] !== "/metrics") refuse(response, 404, "metrics are at /metrics\n");
    else if (method === "GET" || method === "HEAD") this.#tell(response);
    else refuse(response, 405, "GET and HEAD only\n", { Allow: "GET, HEAD" });
  }

  #tell(response: ServerResponse): void {
    this.#waiting.add(response);
    response.once("close", () => this.#waiting.delete(response));
    this.#make().then(
      (exposition) => this.#send(response, exposition),
      (error: unknown) => {
        this.#options.warn(`a scraper cannot be answered: ${messageOf(error)}`);
        response.destroy();
      },
    );
  }

  #send(response: ServerResponse, metrics: Exposition): void {
    if (!this.#waiting.delete(response)) return;
    const { mediaType, text } = metrics(response.req.headers.accept);
    response.writeHead(200, {
      Connection: "close",
      "Content-Type": mediaType,
      "Content-Length": Buffer.byteLength(text),
    });
    response.end(text);
  }

  #make(): Promise<Exposition> {
    const { recount, metrics } = this.#options;
    if (this.#closed) return Promise.resolve(metrics());
    const now = performance.now();
    if (this.#made === undefined || now >= this.#staleAt) {
      this.#staleAt = now + freshMs;
      // With what is known, where nobody can be asked for more.
      this.#made = recount().then(metrics, metrics);
    }
    return this.#made;
  }
}

function refuse(
  response: ServerResponse,
  status: 404 | 405,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { Connection: "close", "Content-Type": "text/plain", ...headers });
  response.end(text);
}
