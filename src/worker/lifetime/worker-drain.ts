import type { StateEntry } from "../../channel/worker-messages.js";
import type { Watcher } from "../../linux/epoll.js";
import { LookAgain } from "../carriers/look-again.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import type { IncomingHandOvers } from "../hand-over/incoming-hand-overs.js";
import type { Destination } from "../hand-over/peer-link.js";
import { HandOverSender } from "../hand-over/sender.js";

/**
 * So long connections are taken from a worker that drained before this one and is busy with them, to be passed on. What comes to
 * rest there later is told to close.
 */
const passOnMs = 5_000;

export interface DrainOptions {
  readonly served: readonly ServedCarrier[];
  readonly peers: readonly Destination[];
  readonly incoming: IncomingHandOvers;
  readonly watcher: Watcher;
  readonly exclusive: boolean;
  readonly giveState: () => { readonly entries: readonly StateEntry[]; readonly fd: number | undefined };
  readonly report: (problem: string) => void;
  /** The last connection is gone: moved, finished or cut. */
  readonly onEnd: () => void;
}

/** The end of a worker: it accepts nothing new, moves what it can to its peers, and finishes the rest. */
export class Drain {
  readonly #options: DrainOptions;
  readonly #sender: HandOverSender | undefined;
  readonly #patience: NodeJS.Timeout | undefined;
  readonly #lookAgain = new LookAgain();
  #ended = false;

  constructor(options: DrainOptions) {
    this.#options = options;
    const { served, peers, incoming, exclusive } = options;
    this.#lookAgain.listen(() => this.#endWhenAllGone());
    incoming.onChange(() => {
      this.#sender?.lookAgain();
      this.#lookAgain.soon();
    });
    if (peers.length > 0) {
      this.#sender = new HandOverSender({
        ...options,
        onIdle: () => this.#stay(),
        onChange: () => this.#lookAgain.soon(),
      });
    } else {
      for (const { carrier } of served) carrier.onChange(() => this.#lookAgain.soon());
    }
    for (const { carrier } of served) carrier.beginDrain();
    // With one writer no request may begin here once the state has gone.
    if (this.#sender === undefined || exclusive) incoming.end();
    else this.#patience = setTimeout(() => incoming.end(), passOnMs);
    if (this.#sender === undefined) this.#stay();
  }

  /** The deadline has passed. */
  cut(): void {
    this.#options.incoming.end();
    this.#sender?.end();
    for (const { carrier } of this.#options.served) carrier.cut();
    this.#lookAgain.soon();
  }

  /** Nothing (more) moves: what is left ends here, and its clients are told. */
  #stay(): void {
    for (const { carrier } of this.#options.served) carrier.stopMoving();
    this.#lookAgain.soon();
  }

  #endWhenAllGone(): void {
    const open = this.#options.served.reduce((sum, { carrier }) => sum + carrier.open, 0);
    const moving = (this.#sender?.moving ?? 0) + this.#options.incoming.open;
    if (this.#ended || open > 0 || moving > 0) return;
    this.#ended = true;
    clearTimeout(this.#patience);
    this.#sender?.end();
    this.#options.onEnd();
  }
}
