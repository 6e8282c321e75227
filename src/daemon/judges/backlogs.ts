import { stoodStill } from "../../lib/stood-still.js";
import { type Backlog, readBacklog, readQueue } from "../../linux/backlog.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { State } from "../../model/state.js";

/** Less may be one slow request after another. */
const stalledAfterMs = 2_000;

interface Look {
  readonly backlog: Backlog | undefined;
  /** Undefined: who waits cannot be seen. */
  readonly clients: ReadonlySet<string> | undefined;
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

  /** What the last look has seen of how many wait, and how many may. */
  backlogOf(id: number): Backlog | undefined {
    return this.#last.get(id)?.backlog;
  }

  /** For how long clients have waited at the listener with nobody accepted, as far as looks tell: 0 where the queue moves or is empty; undefined where it cannot be seen. */
  stillForMs(id: number): number | undefined {
    const look = this.#last.get(id);
    if (look?.clients === undefined) return undefined;
    return look.clients.size === 0 ? 0 : this.#nowMs() - look.since;
  }

  /** The same where that is so long that somebody should know. */
  stalledForMs(id: number): number | undefined {
    const stillMs = this.stillForMs(id) ?? 0;
    return stillMs >= stalledAfterMs ? stillMs : undefined;
  }

  #lookAt(id: number): void {
    const fd = this.#listeners.fdOf(id);
    const backlog = fd === undefined ? undefined : readBacklog(fd);
    const clients = fd === undefined || backlog === undefined ? undefined : clientsAt(fd, backlog);
    const before = this.#last.get(id);
    const still = stoodStill(before?.clients ?? nobody, clients ?? nobody);
    this.#last.set(id, {
      backlog,
      clients,
      since: still && before !== undefined ? before.since : this.#nowMs(),
    });
  }
}

const nobody: ReadonlySet<string> = new Set();

/** Cheap where nobody waits. */
function clientsAt(fd: number, backlog: Backlog): ReadonlySet<string> | undefined {
  if (backlog.seen === "cannot") return undefined;
  const waits = backlog.seen === "length" ? backlog.queued > 0 : backlog.someoneWaits;
  if (!waits) return nobody;
  const queue = readQueue(fd);
  return queue.seen === "clients" ? queue.clients : undefined;
}
