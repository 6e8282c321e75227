import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import * as v from "valibot";
import { HoldfastError, messageOf } from "../../../src/lib/failure.js";
import { parseResponse } from "../load/http-response.js";

const answerDeadlineMs = 20_000;
const pauseMs = 5;
const schema = v.object({ generation: v.number(), version: v.string(), pid: v.number(), count: v.number() });

export interface KeptAnswer extends v.InferOutput<typeof schema> {
  /** The server did not say `Connection: close`. */
  readonly kept: boolean;
}

/** One connection that is never opened again: one request after the other, none of them repeated. */
export class KeptConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      socket.emit("change");
    });
    socket.on("error", () => {});
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.closed = true;
        socket.emit("change");
      });
    }
  }

  static async open(port: number): Promise<KeptConnection> {
    const socket = connect(port, "127.0.0.1").setNoDelay();
    await once(socket, "connect", { signal: AbortSignal.timeout(answerDeadlineMs) });
    return new KeptConnection(socket);
  }

  static openMany(port: number, count: number): Promise<KeptConnection[]> {
    return Promise.all(Array.from({ length: count }, () => KeptConnection.open(port)));
  }

  /** What the puppets answer. Throws when the connection ends instead. */
  async ask(path = "/"): Promise<KeptAnswer> {
    const { body, kept } = await this.exchange(path);
    return { ...v.parse(v.pipe(v.string(), v.parseJson(), schema), body), kept };
  }

  /** A request and its response. Throws when the connection ends instead. */
  async exchange(path: string): Promise<{ readonly body: string; readonly kept: boolean }> {
    if (this.closed) throw new HoldfastError("closed", "the connection was closed between two requests");
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
    const signal = AbortSignal.timeout(answerDeadlineMs);
    for (;;) {
      const parsed = parseResponse(this.#received);
      if (parsed.state === "bad") throw new HoldfastError("bad-answer", `${this.#received}`);
      if (parsed.state === "whole") {
        const body = this.#received.toString("utf8").split("\r\n\r\n")[1] ?? "";
        this.#received = Buffer.alloc(0);
        return { body, kept: parsed.response.keepsAlive };
      }
      if (this.closed) throw new HoldfastError("closed", "the connection was closed under a request");
      await once(this.#socket, "change", { signal });
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Kept connections in constant use. A connection that does not stay is a failure, as is a request without an answer. */
export class KeptLoad implements AsyncDisposable {
  readonly failures: string[] = [];
  readonly answers: KeptAnswer[] = [];
  readonly connections: readonly KeptConnection[];
  readonly #path: string;
  readonly #done: Promise<unknown>;
  #going = true;

  private constructor(connections: readonly KeptConnection[], path: string) {
    this.connections = connections;
    this.#path = path;
    this.#done = Promise.all(connections.map((connection) => this.#use(connection)));
  }

  static async open(port: number, count: number, path = "/"): Promise<KeptLoad> {
    return new KeptLoad(await KeptConnection.openMany(port, count), path);
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const connection of this.connections) connection.end();
  }

  async #use(connection: KeptConnection): Promise<void> {
    while (this.#going) {
      try {
        const answer = await connection.ask(this.#path);
        this.answers.push(answer);
        if (!answer.kept) throw new HoldfastError("told", "the connection was told to close");
      } catch (error) {
        this.failures.push(messageOf(error));
        return;
      }
      await pause(pauseMs);
    }
  }
}
