import { LookAgain } from "../carriers/look-again.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import { freezeConnections, type MovingConnection } from "../moving-connections/freeze-connections.js";
import { Linger } from "../moving-connections/linger.js";

export interface SequentialRestartOptions {
  readonly served: readonly ServedCarrier[];
  /** As many connections can be kept for the next process. */
  readonly room: number;
  /** With the connections that were taken out; nothing else is open any more. */
  readonly onEnd: (held: readonly MovingConnection[]) => void;
}

/**
 * The end of a process whose successor starts after it: it accepts nothing new, takes connections out as they become
 * movable, finishes requests in flight, and lets the rest end.
 */
export class SequentialRestart {
  readonly #options: SequentialRestartOptions;
  readonly #held: MovingConnection[] = [];
  readonly #lookAgain = new LookAgain();
  readonly #linger = new Linger(() => this.#lookAgain.soon());
  #full = false;
  #ended = false;

  constructor(options: SequentialRestartOptions) {
    this.#options = options;
    // Freezing needs a clean stack.
    this.#lookAgain.listen(() => this.#pump());
    for (const { carrier } of options.served) carrier.onChange(() => this.#lookAgain.soon());
    for (const { carrier } of options.served) carrier.beginDrain();
    this.#lookAgain.soon();
  }

  /** The deadline has passed: what has not been taken out by now is closed. */
  cut(): void {
    for (const { carrier } of this.#options.served) carrier.cut();
    this.#lookAgain.soon();
  }

  #pump(): void {
    if (this.#ended) return;
    const { served, room, onEnd } = this.#options;
    this.#held.push(...freezeConnections(served, room - this.#held.length));
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
    this.#linger.end();
    onEnd(this.#held);
  }

  #letLinger(): void {
    if (this.#options.served.some(isBusy)) return;
    if (this.#linger.over) this.cut();
    else this.#linger.begin();
  }
}

/** Of a raw connection or a WebSocket nobody knows between which of its bytes it could be closed. */
function isBusy({ carrier }: ServedCarrier): boolean {
  const { open, inFlight } = carrier.counters;
  return (carrier.kind === "tcp" || carrier.kind === "ws" ? open : inFlight) > 0;
}
