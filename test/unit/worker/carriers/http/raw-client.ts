import { connect, type Socket } from "node:net";
import { deadline } from "./deadline.js";

export interface Response {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyAt: number;
}

/** One connection that never reconnects and never retries. It believes the bytes only. */
export class RawClient {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end).on("close", end);
    socket.on("error", end);
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const client = new RawClient(socket);
    await deadline("connect", new Promise((resolve) => socket.once("connect", resolve)));
    return client;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What has arrived and belongs to no response read so far. */
  get rest(): string {
    return this.#received.toString("latin1");
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  async get(path: string): Promise<Response> {
    this.send(get(path));
    return this.response();
  }

  /** The next response, 100 Continue included; the deadline's error shows what came instead. */
  response(to: "GET" | "HEAD" = "GET"): Promise<Response> {
    return this.#until("a response", () => this.#take(to));
  }

  /** Resolves when that text has arrived, and takes all up to its end. */
  text(wanted: string): Promise<true> {
    return this.#until(JSON.stringify(wanted), () => {
      const at = this.#received.indexOf(wanted);
      if (at < 0) return undefined;
      this.#received = this.#received.subarray(at + wanted.length);
      return true;
    });
  }

  end(): Promise<true> {
    return this.#until("the end", () => this.#ended || undefined);
  }

  close(): void {
    this.socket.destroy();
  }

  async #until<T>(what: string, attempt: () => T | undefined): Promise<T> {
    for (;;) {
      const value = attempt();
      if (value !== undefined) return value;
      if (this.#ended) throw new Error(`closed while waiting for ${what}, with ${JSON.stringify(this.rest)}`);
      await deadline(
        what,
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      );
    }
  }

  #take(to: "GET" | "HEAD"): Response | undefined {
    const head = this.#head();
    if (head === undefined) return undefined;
    const { status, headers, bodyAt } = head;
    const hasBody = to === "GET" && status >= 200 && status !== 204 && status !== 304;
    const part = hasBody ? this.#body(headers, bodyAt) : { body: "", next: bodyAt };
    if (part === undefined) return undefined;
    this.#received = this.#received.subarray(part.next);
    return { status, headers, body: part.body };
  }

  #head(): Head | undefined {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [line = "", ...fields] = this.#received.subarray(0, end).toString("latin1").split("\r\n");
    const status = /^HTTP\/1\.1 ([0-9]{3}) /.exec(line)?.[1];
    if (status === undefined) throw new Error(`no status line: ${JSON.stringify(line)}`);
    const headers = new Map<string, string>();
    for (const field of fields) {
      const colon = field.indexOf(":");
      headers.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim());
    }
    return { status: Number(status), headers, bodyAt: end + 4 };
  }

  #body(headers: ReadonlyMap<string, string>, from: number): { body: string; next: number } | undefined {
    const length = headers.get("content-length");
    if (length !== undefined) {
      const next = from + Number(length);
      if (this.#received.length < next) return undefined;
      return { body: this.#received.subarray(from, next).toString("latin1"), next };
    }
    if (headers.get("transfer-encoding") !== "chunked") {
      if (!this.#ended) return undefined;
      return { body: this.#received.subarray(from).toString("latin1"), next: this.#received.length };
    }
    let body = "";
    for (let at = from; ; ) {
      const lineEnd = this.#received.indexOf("\r\n", at);
      if (lineEnd < 0) return undefined;
      const size = Number.parseInt(this.#received.subarray(at, lineEnd).toString("latin1"), 16);
      const dataAt = lineEnd + 2;
      if (this.#received.length < dataAt + size + 2) return undefined;
      if (size === 0) return { body, next: dataAt + 2 };
      body += this.#received.subarray(dataAt, dataAt + size).toString("latin1");
      at = dataAt + size + 2;
    }
  }
}

export function get(path: string, ...fields: readonly string[]): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
}

export function post(path: string, ...fields: readonly string[]): string {
  return get(path, ...fields).replace("GET", "POST");
}
