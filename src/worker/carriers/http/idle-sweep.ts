import type { Socket } from "node:net";

/** So long at a time connections are looked at; then others have their turn of the loop. */
const sliceMs = 2;

interface Look {
  readonly bytesRead: number;
  readonly sinceMs: number;
}

/** Nothing has come on it for so long. */
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
 * Finds the connections of a server in normal service on which nothing comes. Two looks, half of the time apart, cost a request nothing; so
 * one is found when it has been idle for as long as `afterMs`, or half as long again. No timer runs while there is no connection.
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
      () => this.#sweep([...this.#options.sockets]),
      this.#options.afterMs / 2,
    ).unref();
  }

  #sweep(sockets: readonly Socket[], from = 0): void {
    const now = performance.now();
    const idle: Idle[] = [];
    let at = from;
    for (; at < sockets.length && performance.now() < now + sliceMs; at += 1) {
      const socket = sockets[at];
      const forMs = socket === undefined ? 0 : this.#readIdleMs(socket, now);
      if (socket !== undefined && forMs >= this.#options.afterMs) idle.push({ socket, forMs });
    }
    if (idle.length > 0) this.#options.onIdle(idle);
    if (at < sockets.length) {
      setImmediate(() => this.#sweep(sockets, at));
      return;
    }
    this.#timer = undefined;
    if (this.#options.sockets.size > 0) this.begin();
  }

  /** Since when its number of bytes is known to be the same. */
  #readIdleMs(socket: Socket, now: number): number {
    const { bytesRead } = socket;
    const last = this.#looks.get(socket);
    if (last?.bytesRead === bytesRead) return now - last.sinceMs;
    this.#looks.set(socket, { bytesRead, sinceMs: now });
    return 0;
  }
}
