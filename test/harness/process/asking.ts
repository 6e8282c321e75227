import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../../../src/lib/failure.js";

/** What all clients together ask in a second: each moment of an upgrade sees some, and the upgrade has a processor, too. */
const REQUESTS_PER_SECOND = 150;
const LEAST_PAUSE_MS = 10;

/** Clients that ask again and again and never twice for the same: whatever fails is counted for good. */
export class Asking implements AsyncDisposable {
  readonly failures: string[] = [];
  readonly #pauseMs: number;
  readonly #done: Promise<unknown>;
  #going = true;

  /** A client is one request of its own, which fails by throwing; `afterFailure`: whether that client asks for more then. */
  protected constructor(clients: readonly (() => Promise<void>)[], afterFailure: "again" | "no more") {
    this.#pauseMs = Math.max(LEAST_PAUSE_MS, (1000 * clients.length) / REQUESTS_PER_SECOND);
    this.#done = Promise.all(clients.map((ask) => this.#keepAsking(ask, afterFailure)));
  }

  /** Sends nothing further, and waits for what is in flight. */
  async stop(): Promise<void> {
    this.#going = false;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #keepAsking(ask: () => Promise<void>, afterFailure: "again" | "no more"): Promise<void> {
    await null; // until who is derived from this class has been constructed
    while (this.#going) {
      try {
        await ask();
      } catch (error) {
        this.failures.push(messageOf(error));
        if (afterFailure === "no more") return;
      }
      await pause(this.#pauseMs);
    }
  }
}
