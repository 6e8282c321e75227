import { Server, type Socket } from "node:net";
import type { AcceptLimitOrder } from "../../channel/worker-messages.js";
import { backlogLimitOf } from "../../linux/backlog.js";
import type { NodeServer } from "../carriers/listen.js";
import { goOnAccepting, listeningFdOf, stopAccepting } from "../node-internals/listening-handle.js";
import { isOpened } from "../node-internals/open-connection.js";
import { type Bucket, fill, isEmpty, take, untilFilledMs } from "./token-bucket.js";

/** No shorter stop: stopping and going on costs as much as a few connections. */
const leastStopMs = 5;
/** Where nothing comes in a time that a timer can wait, the next order ends the stop. */
const longestStopMs = 60_000;

/**
 * Accepts no more connections than the daemon allows, over all servers of the process, by stop and go. Clients are not kept waiting: those
 * whom this worker leaves are for the generation before, which listens on the same sockets.
 */
export class AcceptLimit {
  /** Each with its listener. */
  readonly #servers = new Map<Server, string>();
  #listeners: ReadonlySet<string> = new Set();
  /** Those that accept nothing at this moment, with the lengths of their queues. */
  readonly #stopped = new Map<Server, number>();
  readonly #backlogs = new WeakMap<Server, number>();
  /** Undefined: without a limit. */
  #bucket: Bucket | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Datagrams are not limited. */
  add(server: NodeServer, listener: string): void {
    if (!(server instanceof Server)) return;
    this.#servers.set(server, listener);
    server.on("connection", (socket: Socket) => {
      if (this.#listeners.has(listener) && !isOpened(socket)) this.#take();
    });
  }

  /** Null lifts the limit. Without a rate there is that of the last order. */
  obey(order: AcceptLimitOrder | null): void {
    if (order === null) {
      this.#bucket = undefined;
    } else {
      const perSecond = order.perSecond ?? this.#bucket?.perSecond ?? 0;
      this.#listeners = new Set(order.listeners);
      this.#bucket = { tokens: order.now, perSecond, atMs: performance.now() };
    }
    this.#settle();
  }

  /** This worker drains: its servers are closed, and nobody lets them go on. */
  end(): void {
    this.#bucket = undefined;
    clearTimeout(this.#timer);
    this.#servers.clear();
    this.#stopped.clear();
  }

  #take(): void {
    if (this.#bucket === undefined) return;
    this.#bucket = take(fill(this.#bucket, performance.now()));
    if (isEmpty(this.#bucket)) this.#settle();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    if (this.#bucket !== undefined) this.#bucket = fill(this.#bucket, performance.now());
    if (this.#bucket === undefined || !isEmpty(this.#bucket)) {
      this.#goOn();
      return;
    }
    this.#stop();
    const waitMs = Math.min(longestStopMs, Math.max(leastStopMs, untilFilledMs(this.#bucket)));
    this.#timer = setTimeout(() => this.#settle(), waitMs).unref();
  }

  #stop(): void {
    for (const [server, listener] of this.#servers) {
      if (!this.#listeners.has(listener) || this.#stopped.has(server) || !server.listening) continue;
      const fd = listeningFdOf(server);
      if (fd === undefined) continue;
      const backlog = this.#backlogs.get(server) ?? backlogLimitOf(fd);
      this.#backlogs.set(server, backlog);
      if (stopAccepting(server)) this.#stopped.set(server, backlog);
    }
  }

  #goOn(): void {
    for (const [server, backlog] of this.#stopped) goOnAccepting(server, backlog);
    this.#stopped.clear();
  }
}
