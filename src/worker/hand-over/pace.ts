import { batchLimit } from "../../channel/peer-messages.js";

/** As long as this at a time connections may be moved; then others have their turn of the loop. */
const turnMs = 2;

/**
 * How many connections are moved at a time, by how long the last ones took. It begins with one, and grows to twice as many at most:
 * code that runs for the first time makes few clients wait.
 */
export class Pace {
  #most = 1;
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get most(): number {
    return this.#most;
  }

  /** Measures what moves as many as it returns. */
  time(move: () => number): number {
    const beganMs = this.#now();
    const count = move();
    if (count > 0) this.#note(count, this.#now() - beganMs);
    return count;
  }

  #note(count: number, spentMs: number): void {
    const fitting = Math.floor((count * turnMs) / Math.max(spentMs, 0.001));
    const grown = Math.max(this.#most, 2 * count);
    this.#most = Math.max(1, Math.min(fitting, grown, batchLimit));
  }
}
