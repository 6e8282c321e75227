import type { Server } from "node:http";
import type { Socket } from "node:net";
import { closeFd } from "../../../linux/fd.js";
import { hasUnreadBytes } from "../../../linux/socket.js";
import { requestTimedOut } from "../../node-internals/http-parts.js";
import { countOut } from "../../node-internals/open-connection.js";
import type { Frozen } from "../carrier.js";
import { bareConnection } from "../dormant/bare-connection.js";
import { type Awakening, DormantSet } from "../dormant/dormant-set.js";
import { isLateRequest, readSilenceMs } from "./idle-timeout.js";
import { describePast, type Past } from "./pasts.js";

export interface DormantHttpOptions {
  /** Puts one whose client has something to say into the server; undefined when the app refuses it, which closes it. */
  readonly wake: (fd: number, past: Past) => Socket | undefined;
  /** One has ended without a word. */
  readonly onEnd: () => void;
}

/**
 * Connections of an HTTP server, between two requests, on which nobody speaks. To the server and its options they are connections like
 * any other; the app hears of one by `connection` when its client speaks, and never of one that ends before.
 */
export class DormantHttp {
  readonly #server: Server;
  readonly #options: DormantHttpOptions;
  readonly #set: DormantSet<Past>;

  constructor(server: Server, options: DormantHttpOptions) {
    this.#server = server;
    this.#options = options;
    this.#set = new DormantSet(server, (fd, past, why) => this.#wake(fd, past, why));
    this.#joinCloses();
  }

  get open(): number {
    return this.#set.size;
  }

  /** Takes over a connection that has been silent for so long, with nothing of it read. False where it cannot be watched. */
  keep(fd: number, past: Past, silentMs = 0): boolean {
    const withinMs = Math.max(0, readSilenceMs(this.#server, past) - silentMs);
    return this.#set.add(fd, past, withinMs);
  }

  /** As they are. */
  freeze(limit: number): Frozen[] {
    return this.#set.take(limit).map(({ fd, what }) => bareConnection(fd, describePast(what)));
  }

  /** Closes all of them; returns how many. */
  cut(): number {
    return this.#set.close();
  }

  /** http.Server's own methods know only of its sockets. */
  #joinCloses(): void {
    const server = this.#server;
    const { closeIdleConnections, closeAllConnections } = server;
    server.closeIdleConnections = () => {
      closeIdleConnections.call(server);
      // To Node one that has not sent anything yet is not idle.
      this.#endAll((past) => past !== "unused");
    };
    server.closeAllConnections = () => {
      closeAllConnections.call(server);
      this.#endAll();
    };
  }

  #endAll(wanted?: (past: Past) => boolean): void {
    for (let left = this.#set.close(wanted); left > 0; left -= 1) this.#options.onEnd();
  }

  #wake(fd: number, past: Past, why: Awakening): void {
    const spoken = why === "spoken" || hasUnreadBytes(fd);
    const overdue = why === "overdue" && !spoken;
    if (!spoken && !(overdue && this.#mustTell(past))) {
      closeFd(fd);
      countOut(this.#server, 1);
      this.#options.onEnd();
      return;
    }
    const socket = this.#options.wake(fd, past);
    if (!overdue) return;
    if (isLateRequest(this.#server, past)) socket?.emit("error", requestTimedOut());
    else socket?.emit("timeout");
  }

  /** Whether anybody is told of the end of its time: a client that has not asked yet by an answer, or the app. */
  #mustTell(past: Past): boolean {
    return isLateRequest(this.#server, past) || this.#server.listenerCount("timeout") > 0;
  }
}
