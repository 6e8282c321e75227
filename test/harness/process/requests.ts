import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import * as v from "valibot";
import { HoldfastError, messageOf } from "../../../src/lib/failure.js";
import { DEADLINE_MS } from "../container/wait-until.js";

const pauseMs = 3;
const schema = v.object({ generation: v.number(), version: v.string(), pid: v.number() });

export type Answer = v.InferOutput<typeof schema>;
/** A port is one of 127.0.0.1 unless a host is named. */
export type Target = { readonly port: number; readonly host?: string } | { readonly socketPath: string };

/** One request on a connection of its own, never tried again. */
export function ask(target: Target, path = "/", timeoutMs = DEADLINE_MS): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", ...target, path, agent: false, timeout: timeoutMs });
    asked.on("timeout", () => asked.destroy(new HoldfastError("no-answer", `no answer to ${path}`)));
    asked.on("error", reject);
    asked.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), body);
        if (parsed.success) resolve(parsed.output);
        else reject(new HoldfastError("bad-answer", `answered with ${JSON.stringify(body)}`));
      });
    });
    asked.end();
  });
}

/** A client that asks again and again and never twice for the same: whatever fails is counted for good. */
export class RequestLoop implements AsyncDisposable {
  readonly failures: string[] = [];
  answered = 0;
  last: Answer | undefined;
  readonly #target: Target;
  readonly #done: Promise<unknown>;
  #going = true;

  constructor(target: Target, clients = 2) {
    this.#target = target;
    this.#done = Promise.all(Array.from({ length: clients }, () => this.#loop()));
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #loop(): Promise<void> {
    while (this.#going) {
      try {
        this.last = await ask(this.#target);
        this.answered += 1;
      } catch (error) {
        this.failures.push(messageOf(error));
      }
      await pause(pauseMs);
    }
  }
}
