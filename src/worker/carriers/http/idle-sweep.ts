import type { Socket } from "node:net";
import { asHttpSocket } from "../../node-internals/http-parts.js";

/** So long at a time connections are looked at, and so many at a time put to sleep; then others have their turn of the loop. */
const sliceMs = 2;
const mostAtOnce = 100;

interface Look {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly sinceMs: number;
}

/** Nothing has come or gone on it for so long, and nothing was to. */
export interface Idle {
  readonly socket: Socket;
  readonly forMs: number;
}

export interface IdleSweepOptions {
  readonly sockets: ReadonlySet<Socket>;
  readonly afterMs: number;
  /** On a clean stack. */
  readonly onIdle: (idle: readonly Idle[]) => void;
}

/**
 * Finds the connections of an HTTP server in normal service on which nothing happens. Two looks, half of the time apart, cost a request nothing;
 * so one is found when it has been idle for as long as `afterMs`, or half as long again. No timer runs while there is no connection.
 */
export class IdleSweep {
  readonly #options: IdleSweepOptions;
  readonly #looks = new WeakMap<Socket, Look>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IdleSweepOptions) {
    this.#options = options;
  }

  /** There is a connection. */
  begin(): void {
    this.#timer ??= setTimeout(
      // Not right behind the last slice of a sweep from which half of the time has passed already.
      () => setImmediate(() => this.#sweep([...this.#options.sockets])),
      this.#options.afterMs / 2,
    ).unref();
  }

  #sweep(sockets: readonly Socket[], from = 0): void {
    const now = performance.now();
    const idle: Idle[] = [];
    let at = from;
    for (; at < sockets.length && performance.now() < now + sliceMs && idle.length < mostAtOnce; at += 1) {
      const socket = sockets[at];
      const forMs = socket === undefined ? 0 : this.#readIdleMs(socket, now);
      if (socket !== undefined && forMs >= this.#options.afterMs) idle.push({ socket, forMs });
    }
    if (at < sockets.length) setImmediate(() => this.#sweep(sockets, at));
    else {
      this.#timer = undefined;
      if (this.#options.sockets.size > 0) this.begin();
    }
    if (idle.length > 0) this.#options.onIdle(idle);
  }

  /** Since when its numbers of bytes are known to be the same, with no response under way. Node counts from a response's end, too. */
  #readIdleMs(socket: Socket, now: number): number {
    const { bytesRead, bytesWritten } = socket;
    const last = this.#looks.get(socket);
    const isSame = last?.bytesRead === bytesRead && last.bytesWritten === bytesWritten;
    if (last !== undefined && isSame && !asHttpSocket(socket)._httpMessage) return now - last.sinceMs;
    this.#looks.set(socket, { bytesRead, bytesWritten, sinceMs: now });
    return 0;
  }
}
