import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { DEADLINE_MS } from "../../harness/container/wait-until.js";
import { HarnessError } from "../../harness/harness-error.js";

export interface Answer {
  /** Lines that came on this connection, by the worker's count. */
  readonly lines: number;
  /** Lines that came on all connections. */
  readonly total: number;
  readonly version: string;
  readonly text: string;
}

/** One connection to the lines' server, that never connects again. */
export class LineClient implements Disposable {
  readonly #socket: Socket;
  #received = "";
  #ended: string | undefined;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake();
    });
    this.#socket.on("error", (error) => this.#end(error.message));
    this.#socket.on("close", () => this.#end("it was closed"));
  }

  get connected(): Promise<unknown> {
    return once(this.#socket, "connect");
  }

  /** Why the connection is no more. */
  get ended(): string | undefined {
    return this.#ended;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** The next line that came back. */
  async next(): Promise<Answer> {
    const deadline = setTimeout(() => this.#end("no answer in time"), DEADLINE_MS);
    try {
      for (;;) {
        const end = this.#received.indexOf("\n");
        if (end >= 0) {
          const line = this.#received.slice(0, end);
          this.#received = this.#received.slice(end + 1);
          return parse(line);
        }
        if (this.#ended !== undefined) {
          throw new HarnessError("connection-lost", `cannot read a line: ${this.#ended}`);
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  async ask(text: string): Promise<Answer> {
    this.send(`${text}\n`);
    return this.next();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #end(why: string): void {
    this.#ended ??= why;
    this.#wake();
  }
}

function parse(line: string): Answer {
  const [lines, total, version = "", ...text] = line.split(" ");
  return { lines: Number(lines), total: Number(total), version, text: text.join(" ") };
}
