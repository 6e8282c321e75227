import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { deadline, elapse } from "./deadline.js";
import { Pair, type Side } from "./pair.js";
import { createStream, type Step } from "./random-stream.js";
import { RawClient } from "./raw-client.js";
import { createRandom } from "./torture.js";

/** A stream to which a moved connection answered otherwise than one that stayed. */
export interface Difference {
  readonly seed: number;
  readonly variant: Variant;
  readonly sent: readonly Step[];
  readonly unmoved: Heard;
  readonly moved: Heard;
}

/** What a client got to hear. */
interface Heard {
  readonly text: string;
  /** The server had closed the connection before the client did. */
  readonly closed: boolean;
  /** It was closed with bytes of the client's unread, and some of `text` may be lost. */
  readonly reset: boolean;
}

export const variants = ["usual", "listeners", "insecure"] as const;
export type Variant = (typeof variants)[number];

const options: Readonly<Record<Variant, ServerOptions>> = {
  usual: {},
  listeners: {},
  insecure: { insecureHTTPParser: true },
};

/** Two workers between which connections move, and a server like them that knows nothing of it. */
export class Differential implements AsyncDisposable {
  readonly #pair: Pair;
  readonly #plain: Server;
  readonly #variant: Variant;
  readonly #port: number;
  #from: Side;
  #to: Side;
  moves = 0;

  private constructor(pair: Pair, plain: Server, variant: Variant) {
    this.#pair = pair;
    this.#plain = plain;
    this.#variant = variant;
    this.#from = pair.a;
    this.#to = pair.b;
    const address = plain.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.#port = address.port;
  }

  static async open(variant: Variant): Promise<Differential> {
    const pair = await Pair.open(answer, options[variant]);
    const plain = createServer({ keepAliveTimeout: 60_000, ...options[variant] }, answer);
    if (variant === "listeners") for (const { server } of [pair.a, pair.b, { server: plain }]) listen(server);
    plain.listen(0, "127.0.0.1");
    await deadline("to listen", once(plain, "listening"));
    return new Differential(pair, plain, variant);
  }

  /**
   * Sends the stream of that seed to both. Where a connection is closed at a time that the kernel chooses, a difference counts when it
   * comes each time.
   */
  async compare(seed: number): Promise<Difference | undefined> {
    const sent = createStream(createRandom(seed));
    let difference: Difference | undefined;
    for (let times = 0; times < 4; times += 1) {
      const unmoved = await this.#tell(await RawClient.connect(this.#port), sent, () => {});
      const moved = await this.#tell(await this.#pair.connect(), sent, () => this.#move());
      if (agree(unmoved, moved)) return undefined;
      difference = { seed, variant: this.#variant, sent, unmoved, moved };
    }
    return difference;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pair[Symbol.asyncDispose]();
    this.#plain.closeAllConnections();
    this.#plain.close();
  }

  async #tell(client: RawClient, steps: readonly Step[], move: () => void): Promise<Heard> {
    let reset = false;
    client.socket.on("error", () => {
      reset = true;
    });
    for (const step of steps) {
      if (client.ended) break;
      if (step.kind === "bytes") client.send(Buffer.from(step.bytes, "latin1"));
      else if (step.kind === "pause") await untilRead();
      else {
        await this.#untilAnswered();
        move();
      }
    }
    await this.#untilAnswered();
    const closed = client.ended;
    client.socket.end();
    await client.end();
    return { text: client.rest.replaceAll(/^(x-side|Date): .*\r\n/gm, ""), closed, reset };
  }

  /** What was sent has been read, and what was read is answered, unless more has to come first. */
  async #untilAnswered(): Promise<void> {
    do {
      for (const end of held.splice(0)) end();
      await untilRead();
    } while (held.length > 0);
  }

  /** An upgrade; not while one is under way. */
  #move(): void {
    const [from, to] = [this.#from, this.#to];
    if (to.carrier.open > 0) return;
    this.moves += from.carrier.open;
    [this.#from, this.#to] = [to, from];
    void this.#pair.begin(from, to);
  }
}

function agree(one: Heard, other: Heard): boolean {
  if (!one.reset && !other.reset) return one.text === other.text && one.closed === other.closed;
  const [longer, shorter] = [one.text, other.text].sort((a, b) => b.length - a.length);
  return longer?.startsWith(shorter ?? "") === true;
}

/** The answer depends on the request alone. */
const answer: RequestListener = (request, response) => {
  const { url = "", method, rawHeaders } = request;
  response.on("error", () => {});
  const hash = createHash("md5");
  request.on("error", () => {});
  if (url.startsWith("/early")) {
    response.end("early");
    request.resume();
    return;
  }
  request.on("data", (bytes: Buffer) => hash.update(bytes));
  request.on("end", () => {
    const text = JSON.stringify({
      method,
      url,
      rawHeaders,
      trailers: request.rawTrailers,
      body: hash.digest("hex"),
    });
    if (url.startsWith("/late")) held.push(() => response.end(text));
    else if (url.startsWith("/stream")) {
      response.write("begin");
      held.push(() => response.end(text));
    } else if (url.startsWith("/close")) response.setHeader("Connection", "close").end(text);
    else if (url.startsWith("/empty")) response.writeHead(204).end();
    else if (url.startsWith("/hints")) {
      response.writeProcessing();
      response.end(text);
    } else response.end(text);
  });
};

/** Responses that wait. No timer ends them: whether an error comes before or after would be a matter of chance. */
const held: (() => void)[] = [];

/** All is in one process, and what was written is in the kernel: some turns of the loop later it has been read. */
async function untilRead(): Promise<void> {
  for (let turns = 0; turns < 4; turns += 1) await elapse(1);
}

function listen(server: Server): void {
  server.on("upgrade", (_request, socket, head) => {
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    socket.write(head);
    socket.pipe(socket);
  });
  server.on("connect", (_request, socket) => {
    socket.on("error", () => {});
    socket.write("HTTP/1.1 200 Connected\r\n\r\n");
    socket.pipe(socket);
  });
  server.on("checkContinue", (request, response) => {
    response.writeContinue();
    answer(request, response);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable) socket.end(`HTTP/1.1 400 Mine\r\nConnection: close\r\n\r\n${error.code}`);
    else socket.destroy();
  });
}
