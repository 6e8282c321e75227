import type { Served } from "../carriers/served-carrier.js";

/**
 * How long connections may stay that have no request and cannot move (TLS, HTTP/2), counted from the drain's begin: each
 * makes all new clients wait. Those that ask meanwhile are answered, and told to close.
 */
const lingerMs = 2_000;

/**
 * The moment in an exclusive drain when the state may go: no request is in flight or being read, and what could still
 * begin one has ended by itself or had its time for that.
 */
export class Quiet {
  readonly #served: readonly Served[];
  readonly #linger: NodeJS.Timeout;
  #lingered = false;
  #asked = false;

  /** Calls back when their time is over. */
  constructor(served: readonly Served[], onLingered: () => void) {
    this.#served = served;
    this.#linger = setTimeout(() => {
      this.#lingered = true;
      onLingered();
    }, lingerMs);
  }

  /** Whether it is now; ask in the drain, when connections that can move have been taken out. */
  hasCome(): boolean {
    const carriers = this.#served.map(({ carrier }) => carrier);
    if (!this.#asked) for (const carrier of carriers) carrier.endIdle?.();
    this.#asked = true;
    if (carriers.some(({ counters }) => counters.inFlight > 0)) return false;
    return this.#lingered || carriers.every(({ open }) => open === 0);
  }

  end(): void {
    clearTimeout(this.#linger);
  }
}
