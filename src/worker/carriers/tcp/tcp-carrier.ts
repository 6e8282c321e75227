import { Server, type Socket } from "node:net";
import { type FailureOf, HoldfastError, messageOf } from "../../../lib/failure.js";
import { checkTcpInternals } from "../../node-internals/check-tcp.js";
import { allowsHalfOpen, openConnection } from "../../node-internals/open-connection.js";
import { findTransport } from "../../node-internals/own-connections.js";
import { isTlsServer } from "../../node-internals/tls-server.js";
import type { Carrier, Counters, Frozen } from "../carrier.js";
import { Sleepers } from "../dormant/sleepers.js";
import { LookAgain } from "../look-again.js";
import { freezeSocket } from "../socket/freeze-socket.js";
import { watchOutput } from "../socket/outbox.js";
import { whenClosed } from "../socket/when-closed.js";
import { tellHttpToClose } from "./http-inside.js";

/** How an app hands over its connections; the app's listeners are on the socket, so only the app can do it. */
export interface TcpHooks {
  /**
   * What the app knows about a connection, as JSON; asked when it is about to move, after which the socket is dead
   * for this process: stop its timers here. Bytes that were read and not used, half a line say, go back with
   * `socket.unshift(rest)`. What was written arrives, called back or not. `notYet` lets the connection stay a little.
   */
  save(socket: Socket): unknown;
  /** Attaches the app's listeners to a connection that came over: what 'connection' does for a new one. */
  restore(socket: Socket, saved: unknown): void;
  /**
   * `restore` may wait until the client speaks, or ends: for a protocol in which the server never speaks first. Until then a connection that
   * comes over, and owes nobody anything, costs next to nothing.
   */
  readonly dormant?: boolean;
}

/**
 * Carries the connections of a `net.Server` with their unread input and unsent output, half-open ones too. Whether
 * a socket is paused is the app's business on the new side. A connection that `save` fails for stays and drains. One that the app
 * gives to an HTTP server is told to close with its next response.
 * Nothing moves without hooks, under TLS, or where Node lacks something; the latter two are reported, once.
 */
export function createTcpCarrier(
  server: Server,
  hooks: TcpHooks | undefined,
  report: (failure: FailureOf<"worker">) => void,
): Carrier {
  return new TcpCarrier(server, hooks, report);
}

class TcpCarrier implements Carrier {
  readonly kind = "tcp";
  readonly #server: Server;
  readonly #hooks: TcpHooks | undefined;
  readonly #report: (failure: FailureOf<"worker">) => void;
  readonly #reported = new Set<string>();
  readonly #sockets = new Set<Socket>();
  readonly #sleepers: Sleepers;
  readonly #staying = new WeakSet<Socket>();
  readonly #lookAgain = new LookAgain();
  readonly #counted = { accepted: 0, moved: 0, adopted: 0, finished: 0, cut: 0 };
  #draining = false;
  #telling = false;
  /** What the last `freeze` had to leave for later. */
  #busy = 0;

  constructor(server: Server, hooks: TcpHooks | undefined, report: (failure: FailureOf<"worker">) => void) {
    this.#server = server;
    this.#report = report;
    const obstacle = isTlsServer(server) ? "they are under TLS" : checkTcpInternals();
    if (hooks !== undefined && obstacle !== undefined) {
      report({ reason: "tcp-immovable", message: `cannot move TCP connections: ${obstacle}` });
    }
    this.#hooks = obstacle === undefined ? hooks : undefined;
    this.#sleepers = new Sleepers(server, {
      open: (frozen) => this.#open(frozen, { counted: true }),
      report,
      onChange: () => this.#lookAgain.soon(),
    });
    server.prependListener("connection", (socket: Socket) => {
      // One that looks at the first bytes may pass all events on to the servers inside, and have it all told twice.
      if (this.#sockets.has(findTransport(socket))) return;
      this.#counted.accepted++;
      if (this.#hooks !== undefined) watchOutput(socket);
      this.#track(socket);
    });
  }

  get open(): number {
    return this.#sockets.size + this.#sleepers.size;
  }

  get counters(): Counters {
    return { open: this.open, inFlight: this.#busy, requests: 0, ...this.#counted };
  }

  onChange(callback: () => void): void {
    this.#lookAgain.listen(callback);
  }

  beginDrain(): void {
    if (this.#draining) return;
    this.#draining = true;
    Server.prototype.close.call(this.#server);
    if (this.#hooks === undefined) this.stopMoving();
  }

  /** What speaks HTTP is told. There is no way to tell others in a protocol that only the app knows; the app has the drain's signal. */
  stopMoving(): void {
    if (!this.#telling) tellHttpToClose(this.#sockets);
    this.#telling = true;
  }

  freeze(limit: number): Frozen[] {
    const hooks = this.#hooks;
    this.#busy = 0;
    if (hooks === undefined) return [];
    const frozen = this.#sleepers.freeze(limit);
    for (const socket of this.#sockets) {
      if (frozen.length >= limit) break;
      if (isClosing(socket) || this.#staying.has(socket)) continue;
      const ended = { readEnded: socket.readableEnded, writeEnded: socket.writableEnded };
      const taken = freezeSocket(
        socket,
        () => hooks.save(socket),
        () => this.#sockets.delete(socket),
      );
      if (taken.kind === "taken") {
        const { fd, saved, input, output } = taken;
        frozen.push({ fd, meta: { saved, ...ended }, input, output });
        continue;
      }
      if (taken.kind === "save-failed") this.#staying.add(socket);
      else this.#lookAgain.later();
      if (taken.kind === "busy") this.#busy++;
      else this.#reportOnce(taken.failure);
      if (taken.kind === "no-descriptor") break;
    }
    this.#counted.moved += frozen.length;
    return frozen;
  }

  adopt(frozen: Frozen): void {
    const maySleep = this.#hooks?.dormant === true && !hasHalfEnded(frozen);
    if (!maySleep || !this.#sleepers.keep(frozen)) this.#open(frozen);
    this.#counted.adopted++;
    this.#lookAgain.soon();
  }

  cut(): void {
    for (const socket of this.#sockets) {
      this.#counted.cut++;
      this.#sockets.delete(socket);
      socket.destroy();
    }
    this.#counted.cut += this.#sleepers.close();
  }

  #open({ fd, meta, input, output }: Frozen, { counted = false } = {}): void {
    const socket = openConnection(fd, this.#server, {
      counted,
      allowHalfOpen: allowsHalfOpen(this.#server),
      readable: meta["readEnded"] !== true,
    });
    watchOutput(socket);
    this.#track(socket);
    if (input.length > 0) socket.unshift(input);
    if (output.length > 0) socket.write(output);
    if (meta["writeEnded"] === true) socket.end();
    try {
      if (this.#hooks === undefined) throw new Error("this worker has no restore for it");
      this.#hooks.restore(socket, meta["saved"]);
    } catch (cause) {
      this.#counted.cut++;
      socket.removeAllListeners().on("error", () => {});
      this.#sockets.delete(socket);
      socket.destroy();
      throw new HoldfastError("restore-failed", `cannot restore a connection: ${messageOf(cause)}`, {
        cause,
      });
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    whenClosed(socket, () => {
      if (this.#sockets.delete(socket) && this.#draining) this.#counted.finished++;
      this.#lookAgain.soon();
    });
  }

  #reportOnce(failure: FailureOf<"worker">): void {
    if (this.#reported.has(failure.reason)) return;
    this.#reported.add(failure.reason);
    this.#report(failure);
  }
}

/** One side has ended, and the app may still have to act on that. */
function hasHalfEnded({ meta }: Frozen): boolean {
  return meta["readEnded"] === true || meta["writeEnded"] === true;
}

/** Both ways have ended and nothing waits to be written: it closes here in a moment. */
function isClosing(socket: Socket): boolean {
  return socket.destroyed || (socket.readableEnded && socket.writableEnded && socket.writableLength === 0);
}
