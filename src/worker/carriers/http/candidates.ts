import type { Server, Socket } from "node:net";
import { onResponseFinish } from "./request-events.js";

/**
 * Connections become movable with events for which Node has no cheap hook, like the end of an upload that was
 * answered early: so all are looked at again.
 */
const sweepIntervalMs = 100;
/** So many are looked at in one turn of the loop, for those that are busy take their time, too. */
const mostAtOnce = 1_000;

/** While a server drains: those of its connections that may have become movable since they were last looked at. */
export class Candidates implements Iterable<Socket> {
  readonly #sockets: ReadonlySet<Socket>;
  readonly #onMore: () => void;
  readonly #sweeping: NodeJS.Timeout;
  readonly #ignoreResponses: () => void;
  #unseen: Set<Socket>;

  /** All of `sockets` at first; calls back when some are to be looked at. */
  constructor(server: Server, sockets: ReadonlySet<Socket>, onMore: () => void) {
    this.#sockets = sockets;
    this.#onMore = onMore;
    this.#unseen = new Set(sockets);
    this.#sweeping = setInterval(() => this.#sweep(), sweepIntervalMs).unref();
    this.#ignoreResponses = onResponseFinish(server, ({ socket }) => {
      if (socket === null || !sockets.has(socket)) return;
      this.#unseen.add(socket);
      onMore();
    });
  }

  /** Some of them; it calls back for the rest. */
  *[Symbol.iterator](): Generator<Socket, void> {
    let left = mostAtOnce;
    for (const socket of this.#unseen) {
      if (left === 0) {
        this.#onMore();
        return;
      }
      left -= 1;
      yield socket;
    }
  }

  add(socket: Socket): void {
    this.#unseen.add(socket);
  }

  /** It has been looked at, or is gone. */
  delete(socket: Socket): void {
    this.#unseen.delete(socket);
  }

  /** Nothing moves any more: from now on it calls back for the ends of responses only. */
  stopSweeping(): void {
    clearInterval(this.#sweeping);
  }

  /** It does not call back again. */
  end(): void {
    this.stopSweeping();
    this.#ignoreResponses();
  }

  #sweep(): void {
    // Thousands that still wait for their turn to be looked at are not walked through again.
    if (this.#unseen.size === 0) this.#unseen = new Set(this.#sockets);
    if (this.#sockets.size > 0) this.#onMore();
  }
}
