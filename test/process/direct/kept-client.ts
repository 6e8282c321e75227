import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { parseResponse } from "../../harness/load/http-response.js";

const deadlineMs = 20_000;

/** One kept-alive connection. What the server does to it between two requests is remembered. */
export class KeptClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      socket.emit("more");
    });
    socket.on("error", () => {});
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.closed = true;
        socket.emit("more");
      });
    }
  }

  static async open(port: number): Promise<KeptClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect", { signal: AbortSignal.timeout(deadlineMs) });
    return new KeptClient(socket);
  }

  /** The body's words: version, pid, count. Throws when the connection ends instead. */
  async ask(path = "/"): Promise<{ version: string; pid: number; count: number; kept: boolean }> {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
    const signal = AbortSignal.timeout(deadlineMs);
    for (;;) {
      const parsed = parseResponse(this.#received);
      if (parsed.state === "whole") {
        const body = this.#received.toString("latin1").split("\r\n\r\n")[1] ?? "";
        this.#received = Buffer.alloc(0);
        const [version = "", pid, count] = body.trim().split(" ");
        return { version, pid: Number(pid), count: Number(count), kept: parsed.response.keepsAlive };
      }
      assert.notEqual(parsed.state, "bad");
      assert.ok(!this.closed, "the connection was closed");
      await once(this.#socket, "more", { signal });
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}
