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

/** Streams that are left are ended in the last part of a drain's time, which is half of it, or this. */
const lastMinuteMs = 10_000;

export interface DrainOptions {
  readonly served: readonly ServedCarrier[];
  readonly peers: readonly Destination[];
  readonly incoming: IncomingHandOvers;
  readonly watcher: Watcher;
  readonly exclusive: boolean;
  /** When what is left will be cut. Undefined: nobody has said. */
  readonly withinMs: number | undefined;
  /** All that is left are connections that do not end by themselves, or half of the time is over. Once. */
  readonly onOnlyStreams: () => void;
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
  readonly #timers: NodeJS.Timeout[] = [];
  #onlyStreams = false;
  #ended = false;

  constructor(options: DrainOptions) {
    this.#options = options;
    const { served, peers, incoming, exclusive, withinMs } = options;
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
    if (withinMs !== undefined) this.#watchTime(withinMs);
  }

  /** Further workers to hand over to. Whether they are taken: not where nothing moves any more, or the state has one way to go. */
  addPeers(peers: readonly Destination[]): boolean {
    return !this.#options.exclusive && !this.#ended && (this.#sender?.addPeers(peers) ?? false);
  }

  /** The deadline has passed. */
  cut(): void {
    this.#options.incoming.end();
    this.#sender?.end();
    for (const { carrier } of this.#options.served) carrier.cut();
    this.#lookAgain.soon();
  }

  #watchTime(withinMs: number): void {
    const lastMs = Math.min(withinMs / 2, lastMinuteMs);
    this.#timers.push(
      setTimeout(() => this.#tellOnlyStreams(), withinMs / 2),
      setTimeout(() => this.#endStreams(lastMs), withinMs - lastMs),
    );
  }

  /** In most of the time that is left; in the rest clients answer. */
  #endStreams(lastMs: number): void {
    for (const { carrier } of this.#options.served) carrier.endStreams?.(lastMs * 0.8);
  }

  #tellOnlyStreams(): void {
    if (this.#onlyStreams || this.#ended) return;
    this.#onlyStreams = true;
    this.#options.onOnlyStreams();
  }

  /** Nothing (more) moves: what is left ends here, and its clients are told. */
  #stay(): void {
    for (const { carrier } of this.#options.served) carrier.stopMoving();
    this.#lookAgain.soon();
  }

  #endWhenAllGone(): void {
    const open = this.#options.served.reduce((sum, { carrier }) => sum + carrier.open, 0);
    const moving = (this.#sender?.moving ?? 0) + this.#options.incoming.open;
    if (this.#ended || moving > 0) return;
    if (open > 0) {
      const endless = this.#options.served.reduce((sum, { carrier }) => sum + (carrier.endless ?? 0), 0);
      if (open === endless) this.#tellOnlyStreams();
      return;
    }
    this.#ended = true;
    clearTimeout(this.#patience);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#sender?.end();
    this.#options.onEnd();
  }
}
