import * as v from "valibot";
import { DEADLINE_MS } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";
import { Connection } from "../load/connection.js";
import { Asking } from "./asking.js";

const schema = v.object({ generation: v.number(), version: v.string(), pid: v.number(), count: v.number() });

export interface KeptAnswer extends v.InferOutput<typeof schema> {
  /** The server did not say `Connection: close`. */
  readonly kept: boolean;
}

/** One connection that is never opened again: one request after the other, none of them repeated. */
export class KeptConnection {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<KeptConnection> {
    const connection = new Connection(`127.0.0.1:${port}`, () => {});
    await connection.connected();
    return new KeptConnection(connection);
  }

  static openMany(port: number, count: number): Promise<KeptConnection[]> {
    return Promise.all(Array.from({ length: count }, () => KeptConnection.open(port)));
  }

  get closed(): boolean {
    return !this.#connection.isOpen;
  }

  /** What the puppets answer. Throws when the connection ends instead. */
  async ask(path = "/"): Promise<KeptAnswer> {
    const { body, kept } = await this.exchange(path);
    return { ...v.parse(v.pipe(v.string(), v.parseJson(), schema), body), kept };
  }

  /** A request and its response. Throws when the connection ends instead. */
  async exchange(path: string): Promise<{ readonly body: string; readonly kept: boolean }> {
    if (this.closed) throw new HarnessError("closed", "the connection was closed between two requests");
    const ending = await this.#connection.request(path, { close: false, timeoutMs: DEADLINE_MS });
    if (ending.outcome === "ok") return { body: ending.response.body, kept: ending.response.keepsAlive };
    const code = ending.outcome === "bad" || ending.outcome === "timedOut" ? ending.outcome : "closed";
    throw new HarnessError(code, `the request for ${path} was lost, ${ending.outcome}: ${ending.why}`);
  }

  end(): void {
    this.#connection.close();
  }
}

/** Kept connections in constant use. A connection that does not stay is a failure, as is a request without an answer. */
export class KeptLoad extends Asking {
  readonly answers: KeptAnswer[];
  readonly connections: readonly KeptConnection[];

  private constructor(connections: readonly KeptConnection[], path: string) {
    const answers: KeptAnswer[] = [];
    const ask = async (connection: KeptConnection): Promise<void> => {
      const answer = await connection.ask(path);
      answers.push(answer);
      if (!answer.kept) throw new HarnessError("told", "the connection was told to close");
    };
    super(
      connections.map((connection) => () => ask(connection)),
      "no more",
    );
    this.answers = answers;
    this.connections = connections;
  }

  static async open(port: number, count: number, path = "/"): Promise<KeptLoad> {
    return new KeptLoad(await KeptConnection.openMany(port, count), path);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    for (const connection of this.connections) connection.end();
  }
}
