import { once } from "node:events";
import {
  createSecureServer,
  createServer,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from "node:http2";
import type { Server } from "node:net";
import { closeFd, duplicateFd } from "../../../../../src/linux/fd.js";
import { openListener } from "../../../../../src/linux/listener.js";
import type { Carrier } from "../../../../../src/worker/carriers/carrier.js";
import { createHttp2Carrier } from "../../../../../src/worker/carriers/http2/http2-carrier.js";
import { certificate } from "../http/certificate.js";
import { deadline, elapse } from "../http/deadline.js";
import { until } from "../tcp/rig.js";

interface Generation {
  readonly server: Server;
  readonly carrier: Carrier;
}

/** Generations of one HTTP/2 service on one listening socket, in one process. */
export class Generations implements AsyncDisposable {
  readonly port: number;
  /** Paths that any generation has been asked for. */
  readonly seen = new Set<string>();
  readonly #listener: number;
  readonly #tls: SecureServerOptions | undefined;
  readonly #all: Generation[] = [];

  private constructor(listener: number, port: number, tls: SecureServerOptions | undefined) {
    this.#listener = listener;
    this.port = port;
    this.#tls = tls;
  }

  static async open(tls?: SecureServerOptions): Promise<Generations> {
    const listener = openListener({ kind: "tcp", family: 4, host: "127.0.0.1", port: 0 }, { backlog: 128 });
    if (!listener.ok) throw new Error(listener.failure.message);
    const first = createServer().listen({ fd: duplicateFd(listener.value) });
    await deadline("to listen", once(first, "listening"));
    const address = first.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    first.close();
    const generations = new Generations(listener.value, address.port, tls);
    await generations.upgrade();
    return generations;
  }

  get count(): number {
    return this.#all.length;
  }

  get requests(): number {
    return this.#all.reduce((sum, { carrier }) => sum + carrier.counters.requests, 0);
  }

  get cut(): number {
    return this.#all.reduce((sum, { carrier }) => sum + carrier.counters.cut, 0);
  }

  /** The next generation accepts, and the one before it drains. */
  async upgrade(): Promise<void> {
    const last = this.#all.at(-1);
    const server = this.#create();
    const carrier = createHttp2Carrier(server);
    this.#all.push({ server, carrier });
    server.listen({ fd: duplicateFd(this.#listener) });
    await deadline("to listen", once(server, "listening"));
    last?.carrier.beginDrain();
  }

  /** Upgrades whenever that many more requests have come, while `work` is not done. */
  async upgradeDuring<T>(requests: number, work: Promise<T>): Promise<T> {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    while (!done) {
      const next = this.requests + requests;
      while (!done && this.requests < next) await elapse(1);
      if (!done) await this.upgrade();
    }
    return ended;
  }

  /** All but the last have nothing left. */
  async drained(): Promise<void> {
    await until("the old ones are empty", () =>
      this.#all.slice(0, -1).every(({ carrier }) => carrier.open === 0),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { carrier } of this.#all) {
      carrier.beginDrain();
      carrier.cut();
    }
    await until("all is closed", () => this.#all.every(({ carrier }) => carrier.open === 0));
    closeFd(this.#listener);
  }

  #create(): Server {
    const server =
      this.#tls === undefined ? createServer() : createSecureServer({ ...certificate, ...this.#tls });
    server.on("request", (request, response) => {
      this.seen.add(String(request.url));
      setImmediate(() => response.end("x".repeat(1_000)));
    });
    server.on("session", (session) => session.on("error", () => undefined));
    server.on("stream", (stream: ServerHttp2Stream) => stream.on("error", () => undefined));
    return server;
  }
}
