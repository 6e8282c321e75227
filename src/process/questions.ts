import { randomInt } from "node:crypto";
import type { DaemonMessage, WorkerMessage } from "../channel/worker-messages.js";
import { callWhenOver } from "../lib/late-timer.js";
import type { Slot } from "../model/event.js";
import { nameWorker } from "../model/turn.js";

/** A message that is answered. */
export type Question = DistributiveOmit<Extract<DaemonMessage, { readonly query: number }>, "query">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export interface Answer {
  readonly message: Extract<WorkerMessage, { readonly query: number }>;
  /** What came with saved state, the asker's to close. */
  readonly fds: readonly number[];
}

/** The way to a worker and back. */
export interface Line {
  /** False: nothing can be sent. */
  readonly send: (message: DaemonMessage) => boolean;
  /** Takes what the worker has said and nobody has read yet. */
  readonly hear: () => void;
}

/** Who waits for an answer. */
interface Asker {
  /** Only state comes with an fd. */
  readonly takesFds: boolean;
  readonly answer: (answer: Answer | undefined) => void;
}

/** What workers were asked and have not answered yet. */
export class Questions {
  readonly #asked = new Map<string, Asker>();
  /** Not where the last daemon began: its answers may still come. */
  #nextQuery = randomInt(2 ** 47);

  /** Undefined where the question cannot be sent, and for a worker that says nothing in time or is given up. */
  ask(slot: Slot, question: Question, timeoutMs: number, { send, hear }: Line): Promise<Answer | undefined> {
    const query = this.#nextQuery;
    this.#nextQuery += 1;
    const name = nameQuestion(slot, query);
    return new Promise((resolve) => {
      if (!send({ ...question, query })) return resolve(undefined);
      const stopWaiting = callWhenOver(timeoutMs, () => {
        // Where this process was busy, the answer may have come in time.
        hear();
        this.#asked.get(name)?.answer(undefined);
      });
      this.#asked.set(name, {
        takesFds: question.type === "save",
        answer: (answer) => {
          this.#asked.delete(name);
          stopWaiting();
          resolve(answer);
        },
      });
    });
  }

  /** Who waits for this message; undefined where nobody does, or no longer. */
  askerOf(slot: Slot, message: WorkerMessage): Asker | undefined {
    return "query" in message ? this.#asked.get(nameQuestion(slot, message.query)) : undefined;
  }

  /** No answer can come any more. */
  giveUp(slot: Slot): void {
    const asked = [...this.#asked].filter(([question]) => question.startsWith(nameQuestion(slot, "")));
    for (const [, asker] of asked) asker.answer(undefined);
  }
}

function nameQuestion(slot: Slot, query: number | ""): string {
  return `${nameWorker(slot)} ${query}`;
}
