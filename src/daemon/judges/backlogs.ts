import { stoodStill } from "../../lib/stood-still.js";
import { readBacklog, readQueue } from "../../linux/backlog.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { State } from "../../model/state.js";

/** Less may be one slow request after another. */
const stalledAfterMs = 2_000;

interface Look {
  readonly clients: ReadonlySet<string>;
  /** Since when nobody who waits has been accepted. */
  readonly since: number;
}

/** Which queues of clients do not move: seen between two looks, whoever causes them. Nothing wakes up for it. */
export class Backlogs {
  readonly #listeners: HeldListeners;
  readonly #nowMs: () => number;
  readonly #last = new Map<number, Look>();

  constructor(listeners: HeldListeners, nowMs: () => number) {
    this.#listeners = listeners;
    this.#nowMs = nowMs;
  }

  look({ listeners }: State): void {
    for (const id of this.#last.keys()) if (!listeners.some((one) => one.id === id)) this.#last.delete(id);
    for (const { id } of listeners) this.#lookAt(id);
  }

  /** How long clients have waited at the listener with nobody accepted; undefined where the queue moves, is empty or cannot be seen. */
  stalledForMs(id: number): number | undefined {
    const look = this.#last.get(id);
    if (look === undefined || look.clients.size === 0) return undefined;
    const stillMs = this.#nowMs() - look.since;
    return stillMs >= stalledAfterMs ? stillMs : undefined;
  }

  #lookAt(id: number): void {
    const fd = this.#listeners.fdOf(id);
    const backlog = fd === undefined ? undefined : readBacklog(fd);
    const waits =
      (backlog?.seen === "length" && backlog.queued > 0) ||
      (backlog?.seen === "presence" && backlog.someoneWaits);
    const queue = waits && fd !== undefined ? readQueue(fd) : undefined;
    const clients = queue?.seen === "clients" ? queue.clients : new Set<string>();
    const before = this.#last.get(id);
    const still = before !== undefined && stoodStill(before.clients, clients);
    this.#last.set(id, { clients, since: still ? before.since : this.#nowMs() });
  }
}
