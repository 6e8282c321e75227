import type { Server } from "node:net";
import { closeFd } from "../../../linux/fd.js";
import { type Readable, ReadableSet } from "../../../linux/readable-set.js";
import { countIn, countOut } from "../../node-internals/open-connection.js";

/** Deadlines are met as late as this: Node adds as much to a keep-alive timeout itself. */
const coarseMs = 1_000;
/** So long at a time they wake up, or are ended; then others have their turn of the loop. */
const sliceMs = 2;
/** What setTimeout takes. */
const longestTimerMs = 2 ** 31 - 1;

/** Why a connection is not dormant any more: its client has spoken; has ended, perhaps after speaking; or its time is over. */
export type Awakening = "spoken" | "ended" | "overdue";

interface Entry<What> {
  readonly what: What;
  readonly dueMs: number;
}

/**
 * Connections of a server on which nobody speaks. Of each this process has the fd, and what it is, and no more: no socket, no parser, no timer.
 * The server counts them. When one wakes up it is the owner's again, with all that came on it unread, and so is its place in the server's count.
 */
export class DormantSet<What> {
  readonly #server: Server | undefined;
  readonly #entries = new Map<number, Entry<What>>();
  readonly #onWake: (fd: number, what: What, why: Awakening) => void;
  #readable: ReadableSet | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor(server: Server | undefined, onWake: (fd: number, what: What, why: Awakening) => void) {
    this.#server = server;
    this.#onWake = onWake;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes over the fd, for so long at most. False, with nothing taken, where the kernel cannot watch it. */
  add(fd: number, what: What, withinMs = Number.POSITIVE_INFINITY): boolean {
    this.#readable ??= this.#tryToWatch();
    if (!this.#readable?.add(fd)) return false;
    // A small integer takes no memory of its own.
    const dueMs = Math.round(performance.now() + withinMs);
    this.#entries.set(fd, { what, dueMs });
    countIn(this.#server);
    this.#expireAt(dueMs);
    return true;
  }

  /** At most so many, of those that are wanted; they are the caller's from now on, and no more the server's. */
  take(
    limit: number,
    wanted: (what: What) => boolean = () => true,
  ): { readonly fd: number; readonly what: What }[] {
    const taken: { fd: number; what: What }[] = [];
    for (const [fd, { what }] of this.#entries) {
      if (taken.length >= limit) break;
      if (!wanted(what)) continue;
      this.#forget(fd);
      taken.push({ fd, what });
    }
    countOut(this.#server, taken.length);
    return taken;
  }

  /** Wakes all of them up at once. */
  wakeAll(): void {
    for (const [fd, { what }] of this.#entries) this.#release(fd, what, "spoken");
  }

  /** Closes those that are wanted; returns how many. */
  close(wanted?: (what: What) => boolean): number {
    const closed = this.take(Number.POSITIVE_INFINITY, wanted);
    for (const { fd } of closed) closeFd(fd);
    return closed.length;
  }

  #forget(fd: number): void {
    this.#entries.delete(fd);
    this.#readable?.remove(fd);
    if (this.#entries.size > 0) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = Number.POSITIVE_INFINITY;
  }

  /** Undefined where this process can open nothing more. */
  #tryToWatch(): ReadableSet | undefined {
    try {
      return new ReadableSet((readable) => this.#wake(readable));
    } catch {
      return undefined;
    }
  }

  /** What it leaves is told again in the next turn of the loop. */
  #wake(readable: readonly Readable[]): void {
    const endMs = performance.now() + sliceMs;
    for (const { fd, ended } of readable) {
      const entry = this.#entries.get(fd);
      // One before this one may have taken it along.
      if (entry === undefined) continue;
      this.#release(fd, entry.what, ended ? "ended" : "spoken");
      if (performance.now() > endMs) return;
    }
  }

  #release(fd: number, what: What, why: Awakening): void {
    this.#forget(fd);
    this.#onWake(fd, what, why);
  }

  #expireAt(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#expire(), Math.min(dueMs - performance.now(), longestTimerMs));
  }

  #expire(): void {
    const now = performance.now();
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    // Where a listener of the app's throws, the others are looked at all the same.
    let nextMs = now + coarseMs;
    try {
      nextMs = this.#endOverdue(now);
    } finally {
      if (this.#entries.size > 0) this.#expireAt(nextMs);
    }
  }

  /** Looks at all of them; returns when to look again, which is once a second at most. */
  #endOverdue(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const [fd, { what, dueMs }] of this.#entries) {
      if (dueMs > now) {
        earliest = Math.min(earliest, dueMs);
        continue;
      }
      this.#release(fd, what, "overdue");
      if (performance.now() > now + sliceMs) return now;
    }
    return Math.max(earliest, now + coarseMs);
  }
}
