import { once } from "node:events";
import { existsSync } from "node:fs";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { DEADLINE_MS } from "../container/wait-until.js";
import type { Target } from "./requests.js";

const pieceEveryMs = 10;

/** Piece `1`, piece `2` and so on, each on a line of its own, until the file exists; then `end`. */
export function streamUntil(file: string, response: ServerResponse): void {
  let pieces = 0;
  const timer = setInterval(() => {
    pieces += 1;
    response.write(`${pieces}\n`);
    if (!existsSync(file)) return;
    clearInterval(timer);
    response.end("end\n");
  }, pieceEveryMs);
}

/** A streamed response that has begun. */
export class Streamed {
  readonly #response: IncomingMessage;

  private constructor(response: IncomingMessage) {
    this.#response = response;
  }

  static async begin(target: Target, file: string): Promise<Streamed> {
    const asked = request({ host: "127.0.0.1", ...target, path: `/stream?${file}`, agent: false }).end();
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const [response]: IncomingMessage[] = await once(asked, "response", { signal });
    if (response === undefined) throw new Error("no response");
    return new Streamed(response);
  }

  /** Whether all of it came, to its end and in its order. Throws when the connection ends before. */
  async isWhole(): Promise<boolean> {
    const lines = (await text(this.#response)).trimEnd().split("\n");
    return lines.pop() === "end" && lines.every((line, at) => Number(line) === at + 1);
  }
}
