import { type Readable, ReadableSet } from "../../../linux/readable-set.js";

/** Deadlines are met as late as this: Node adds as much to a keep-alive timeout itself. */
const coarseMs = 1_000;
/** So long at a time those are ended whose time is over; then others have their turn of the loop. */
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
 * Connections on which nobody speaks. Of each this process has the fd, and what it is, and no more: no socket, no parser, no timer. When one
 * wakes up it is the owner's again, with all that came on it unread.
 */
export class DormantSet<What> {
  readonly #entries = new Map<number, Entry<What>>();
  readonly #onWake: (fd: number, what: What, why: Awakening) => void;
  #readable: ReadableSet | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor(onWake: (fd: number, what: What, why: Awakening) => void) {
    this.#onWake = onWake;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes over the fd, until then or for ever (`Infinity`). False, with nothing taken, where the kernel cannot watch it. */
  add(fd: number, what: What, withinMs: number): boolean {
    this.#readable ??= new ReadableSet((readable) => this.#wake(readable));
    if (!this.#readable.add(fd)) return false;
    const dueMs = Math.round(performance.now() + withinMs);
    this.#entries.set(fd, { what, dueMs });
    this.#expireAt(dueMs);
    return true;
  }

  /** At most so many, of those that are wanted; they are the caller's from now on. */
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
    return taken;
  }

  #forget(fd: number): void {
    this.#entries.delete(fd);
    this.#readable?.remove(fd);
    if (this.#entries.size > 0) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = Number.POSITIVE_INFINITY;
  }

  #wake(readable: readonly Readable[]): void {
    for (const { fd, ended } of readable) {
      const entry = this.#entries.get(fd);
      // One before this one may have taken it along.
      if (entry === undefined) continue;
      this.#forget(fd);
      this.#onWake(fd, entry.what, ended ? "ended" : "spoken");
    }
  }

  #expireAt(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#expire(), Math.min(dueMs - performance.now(), longestTimerMs));
  }

  /** Looks at all of them, once a second at most. */
  #expire(): void {
    const now = performance.now();
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [fd, { what, dueMs }] of this.#entries) {
      if (dueMs > now) {
        earliest = Math.min(earliest, dueMs);
        continue;
      }
      this.#forget(fd);
      this.#onWake(fd, what, "overdue");
      if (performance.now() > now + sliceMs) {
        this.#expireAt(now);
        return;
      }
    }
    this.#expireAt(Math.max(earliest, now + coarseMs));
  }
}
