import type { ServedCarrier } from "../carriers/served-carrier.js";
import { Linger } from "../moving-connections/linger.js";

/**
 * The moment in an exclusive drain when the state may go: no request is in flight or being read, and what could still
 * begin one has ended by itself or had its time for that, counted from the drain's begin.
 */
export class QuietMoment {
  readonly #served: readonly ServedCarrier[];
  readonly #linger: Linger;
  #asked = false;

  /** Calls back when their time is over. */
  constructor(served: readonly ServedCarrier[], onLingered: () => void) {
    this.#served = served;
    this.#linger = new Linger(onLingered);
    this.#linger.begin();
  }

  /** Whether it is now; ask in the drain, when connections that can move have been taken out. */
  hasCome(): boolean {
    const carriers = this.#served.map(({ carrier }) => carrier);
    if (!this.#asked) for (const carrier of carriers) carrier.endIdle?.();
    this.#asked = true;
    if (carriers.some(({ counters }) => counters.inFlight > 0)) return false;
    return this.#linger.over || carriers.every(({ open }) => open === 0);
  }

  end(): void {
    this.#linger.end();
  }
}
