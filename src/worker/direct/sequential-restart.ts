import type { Served } from "../carriers/served-carrier.js";
import type { Held } from "./leave-behind.js";

/**
 * How long connections may stay that cannot move and have no request: each makes all new clients wait in the backlog.
 * Those that ask meanwhile are told to close.
 */
const lingerMs = 2_000;

export interface SequentialRestartOptions {
  readonly served: readonly Served[];
  /** As many connections can be kept for the next process. */
  readonly room: number;
  /** With the connections that were taken out; nothing else is open any more. */
  readonly onEnd: (held: readonly Held[]) => void;
}

/**
 * The end of a process whose successor starts after it: it accepts nothing new, takes connections out as they become
 * movable, finishes requests in flight, and lets the rest end.
 */
export class SequentialRestart {
  readonly #options: SequentialRestartOptions;
  readonly #held: Held[] = [];
  #scheduled = false;
  #linger: NodeJS.Timeout | undefined;
  #lingered = false;
  #full = false;
  #ended = false;

  constructor(options: SequentialRestartOptions) {
    this.#options = options;
    for (const { carrier } of options.served) carrier.onChange(() => this.#schedule());
    for (const { carrier } of options.served) carrier.beginDrain();
    this.#schedule();
  }

  /** The deadline has passed: what has not been taken out by now is closed. */
  cut(): void {
    for (const { carrier } of this.#options.served) carrier.cut();
    this.#schedule();
  }

  /** Freezing needs a clean stack. */
  #schedule(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { served, room, onEnd } = this.#options;
    for (const one of served) {
      for (const frozen of one.carrier.freeze(room - this.#held.length)) {
        this.#held.push({ served: one, frozen });
      }
    }
    if (this.#held.length >= room && !this.#full) {
      this.#full = true;
      for (const { carrier } of served) carrier.stopMoving();
    }
    const open = served.reduce((sum, { carrier }) => sum + carrier.open, 0);
    if (open > 0) {
      this.#letLinger();
      return;
    }
    this.#ended = true;
    clearTimeout(this.#linger);
    onEnd(this.#held);
  }

  #letLinger(): void {
    if (this.#options.served.some(isBusy)) return;
    if (this.#lingered) {
      this.cut();
      return;
    }
    this.#linger ??= setTimeout(() => {
      this.#lingered = true;
      this.#schedule();
    }, lingerMs);
  }
}

/** Of a raw connection or a WebSocket nobody knows between which of its bytes it could be closed. */
function isBusy({ carrier }: Served): boolean {
  const { open, inFlight } = carrier.counters;
  return (carrier.kind === "tcp" || carrier.kind === "ws" ? open : inFlight) > 0;
}
