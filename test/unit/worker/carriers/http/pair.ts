import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import type { Socket } from "node:net";
import { closeFd, duplicateFd } from "../../../../../src/linux/fd.js";
import { openListener } from "../../../../../src/linux/listener.js";
import type { Frozen } from "../../../../../src/worker/carriers/carrier.js";
import {
  createHttpCarrier,
  type HttpCarrier,
  type HttpCarrierOptions,
} from "../../../../../src/worker/carriers/http/http-carrier.js";
import { until } from "../tcp/rig.js";
import { deadline } from "./deadline.js";
import { RawClient } from "./raw-client.js";

export interface Side {
  readonly name: string;
  readonly server: Server;
  readonly carrier: HttpCarrier;
  /** The socket of its last connection. */
  readonly last: () => Socket | undefined;
  /** What went wrong, in words. */
  readonly problems: readonly string[];
}

/** Two servers on one listening socket, as two generations of a worker are, in one process. */
export class Pair implements AsyncDisposable {
  readonly port: number;
  readonly a: Side;
  readonly b: Side;
  readonly #listener: number;
  readonly #clients: RawClient[] = [];

  private constructor(listener: number, a: Side, b: Side, port: number) {
    this.#listener = listener;
    this.a = a;
    this.b = b;
    this.port = port;
  }

  /** A listens, B does not yet. Each response to `/` tells by `x-side` who gave it. */
  static async open(
    app: RequestListener = answer,
    options: ServerOptions = {},
    carrying: HttpCarrierOptions = {},
  ): Promise<Pair> {
    const listener = openListener({ kind: "tcp", family: 4, host: "127.0.0.1", port: 0 }, { backlog: 128 });
    if (!listener.ok) throw new Error(listener.failure.message);
    const [a, b] = [createSide("a", app, options, carrying), createSide("b", app, options, carrying)];
    await listen(a, listener.value);
    const address = a.server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new Pair(listener.value, a, b, address.port);
  }

  /**
   * B, which takes connections in, has little patience with a request that is late. A is to answer the first one, however late that
   * comes.
   */
  static async openStrict(options: ServerOptions = {}): Promise<Pair> {
    // Node checks the two timeouts of requests at this interval; it cannot be 0.
    const pair = await Pair.open(undefined, { ...options, connectionsCheckingInterval: 10 });
    Object.assign(pair.b.server, { headersTimeout: 60, requestTimeout: 60 });
    return pair;
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    this.#clients.push(client);
    return client;
  }

  listen(side: Side): Promise<void> {
    return listen(side, this.#listener);
  }

  /** Starts an upgrade: `to` accepts, `from` no longer, and each connection goes over as soon as it can. */
  async begin(from: Side, to: Side): Promise<void> {
    await this.listen(to);
    from.carrier.onChange(() => moveNow(from, to));
    from.carrier.beginDrain();
  }

  /** A whole upgrade, to its end. */
  async upgrade(from: Side, to: Side): Promise<void> {
    await this.begin(from, to);
    await until(`nothing is left in ${from.name}`, () => from.carrier.open === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const { server, carrier } of [this.a, this.b]) {
      carrier.cut();
      const closed = new Promise((resolve) => server.once("close", resolve));
      if (server.listening) {
        server.close();
        await deadline("a closed server", closed);
      } else server.close();
    }
    closeFd(this.#listener);
  }
}

/** Everything that can move at this moment. */
export function moveNow(from: Side, to: Side): Frozen[] {
  const frozen = from.carrier.freeze(50);
  for (const one of frozen) to.carrier.adopt(one);
  return frozen;
}

/** Resolves when the side has read that many bytes more than `before` of its last connection. */
export function untilRead(side: Side, bytes: number, before = 0): Promise<void> {
  return until(`${side.name} has read ${bytes} bytes`, () => (side.last()?.bytesRead ?? 0) >= before + bytes);
}

/** Answers with the request's path, once its body has been read, and with the body's length for a POST. */
export const answer: RequestListener = (request, response) => {
  let length = 0;
  request.on("data", (bytes: Buffer) => {
    length += bytes.length;
  });
  request.on("end", () => {
    response.end(request.method === "POST" ? `${request.url} ${length}` : `${request.url}`);
  });
};

function createSide(
  name: string,
  app: RequestListener,
  options: ServerOptions,
  carrying: HttpCarrierOptions,
): Side {
  const server = createServer({ keepAliveTimeout: 60_000, ...options }, (request, response) => {
    response.setHeader("x-side", name);
    app(request, response);
  });
  let last: Socket | undefined;
  server.on("connection", (socket) => {
    last = socket;
  });
  const problems: string[] = [];
  const carrier = createHttpCarrier(server, { ...carrying, report: (problem) => problems.push(problem) });
  return { name, server, carrier, last: () => last, problems };
}

function listen({ name, server }: Side, listener: number): Promise<void> {
  const listening = new Promise<void>((resolve) => server.once("listening", resolve));
  server.listen({ fd: duplicateFd(listener) });
  return deadline(`${name} to listen`, listening);
}
