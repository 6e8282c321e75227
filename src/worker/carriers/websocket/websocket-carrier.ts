import type { Socket } from "node:net";
import type { WebSocket, WebSocketServer } from "ws";
import { type FailureOf, HoldfastError, messageOf } from "../../../lib/failure.js";
import { closeFd } from "../../../linux/fd.js";
import { checkTcpInternals } from "../../node-internals/check-tcp.js";
import { type OpenConnectionOptions, openConnection } from "../../node-internals/open-connection.js";
import { handleOf } from "../../node-internals/socket-handle.js";
import type { Carrier, Counters, Frozen } from "../carrier.js";
import { Sleepers } from "../dormant/sleepers.js";
import { LookAgain } from "../look-again.js";
import { freezeSocket } from "../socket/freeze-socket.js";
import { watchOutput } from "../socket/outbox.js";
import { whenClosed } from "../socket/when-closed.js";
import { spread } from "../spread.js";
import { describe, type HandshakeRequest, readMeta, rebuildRequest } from "./handshake.js";
import type { WebSocketHooks } from "./websocket-hooks.js";
import {
  checkWebSocketInternals,
  forgetClient,
  httpServerOf,
  insideOf,
  markClosed,
  openOn,
} from "./ws-internals.js";
import { isAtRest, rebuildFrames } from "./ws-receiver.js";

/** Service Restart: the IANA registry of WebSocket close codes. */
const serviceRestart = 1012;

/**
 * Carries the WebSockets of a `ws` server, with half-read messages and unsent frames. Those with permessage-deflate
 * or on TLS cannot move: draining closes them with 1012 once what was sent before is out, and each counts as cut. So
 * it is with all where the `ws` package or Node lacks something, which is reported once. Accepting new ones is the
 * HTTP server's business; those that still come while draining move like the others.
 */
export function createWebSocketCarrier(
  wss: WebSocketServer,
  hooks: WebSocketHooks<WebSocket>,
  report: (failure: FailureOf<"worker">) => void,
): Carrier {
  return new WebSocketCarrier(wss, hooks, report);
}

class WebSocketCarrier implements Carrier {
  readonly kind = "ws";
  readonly #wss: WebSocketServer;
  readonly #hooks: WebSocketHooks<WebSocket>;
  readonly #report: (failure: FailureOf<"worker">) => void;
  readonly #reported = new Set<string>();
  readonly #movable: boolean;
  readonly #requests = new WeakMap<Socket, HandshakeRequest>();
  readonly #sleepers: Sleepers;
  readonly #turnedAway = new WeakSet<WebSocket>();
  readonly #lookAgain = new LookAgain();
  readonly #counted = { requests: 0, moved: 0, adopted: 0, finished: 0, cut: 0 };
  #draining = false;
  /** What the last `freeze` had to leave for later. */
  #busy = 0;

  constructor(
    wss: WebSocketServer,
    hooks: WebSocketHooks<WebSocket>,
    report: (failure: FailureOf<"worker">) => void,
  ) {
    this.#wss = wss;
    this.#hooks = hooks;
    this.#report = report;
    const obstacle = checkWebSocketInternals(wss) ?? checkTcpInternals();
    this.#movable = obstacle === undefined;
    if (obstacle !== undefined) {
      report({ reason: "websocket-immovable", message: `cannot move WebSockets: ${obstacle}` });
    }
    this.#sleepers = new Sleepers(httpServerOf(wss), {
      open: (frozen) => this.#open(frozen, { counted: true }),
      report,
      onChange: () => this.#lookAgain.soon(),
    });
    // Emitted for every handshake, whatever way the app has of calling handleUpgrade.
    wss.on("headers", (_headers, request) => {
      this.#counted.requests++;
      if (this.#movable) watchOutput(request.socket);
      this.#follow(request.socket, request);
    });
  }

  get open(): number {
    return this.#clients.size + this.#sleepers.size;
  }

  get counters(): Counters {
    return { open: this.open, inFlight: this.#busy, accepted: 0, ...this.#counted };
  }

  onChange(callback: () => void): void {
    this.#lookAgain.listen(callback);
  }

  beginDrain(): void {
    this.#draining = true;
    for (const ws of this.#clients) if (!this.#canMove(ws)) this.#turnAway(ws);
  }

  stopMoving(): void {
    this.#sleepers.wakeAll();
    for (const ws of this.#clients) this.#turnAway(ws);
  }

  freeze(limit: number): Frozen[] {
    const frozen = this.#sleepers.freeze(limit);
    this.#busy = 0;
    for (const ws of this.#clients) {
      if (frozen.length >= limit) break;
      if (ws.readyState !== ws.OPEN) continue;
      if (!this.#canMove(ws)) {
        if (this.#draining) this.#turnAway(ws);
        continue;
      }
      const taken = this.#take(ws);
      if (taken === "no-descriptor") break;
      if (taken !== undefined) frozen.push(taken);
    }
    this.#counted.moved += frozen.length;
    return frozen;
  }

  adopt(frozen: Frozen): void {
    this.#readOrClose(frozen.meta, frozen.fd);
    if (this.#hooks.dormant !== true || !this.#sleepers.keep(frozen)) this.#open(frozen);
    this.#counted.adopted++;
    this.#lookAgain.soon();
  }

  /** What its meta is has been looked at before. */
  #open({ fd, meta: received, input, output }: Frozen, options?: OpenConnectionOptions): void {
    const meta = readMeta(received);
    const socket = openConnection(fd, httpServerOf(this.#wss), options);
    watchOutput(socket);
    const request = rebuildRequest(meta, socket);
    this.#follow(socket, request);
    if (output.length > 0) socket.write(output);
    const ws = this.#openOrClose(socket, input, meta.protocol);
    this.#wss.clients.add(ws);
    const forget = () => forgetClient(this.#wss, ws);
    ws.on("close", forget);
    try {
      this.#hooks.restore(ws, meta.saved, request);
    } catch (cause) {
      ws.removeAllListeners().on("close", forget);
      this.#turnAway(ws);
      throw new HoldfastError("restore-failed", `cannot restore a WebSocket: ${messageOf(cause)}`, { cause });
    }
  }

  get endless(): number {
    return this.open;
  }

  endStreams(withinMs: number): void {
    this.#sleepers.wakeAll();
    spread([...this.#clients], withinMs, (ws) => this.#turnAway(ws));
  }

  cut(): void {
    this.#sleepers.wakeAll();
    for (const ws of this.#clients) {
      this.#turnAway(ws);
      ws.terminate();
    }
  }

  /** Takes one out; undefined when it must wait or was turned away. */
  #take(ws: WebSocket): Frozen | "no-descriptor" | undefined {
    const inside = insideOf(ws);
    const request = inside && this.#requests.get(inside.socket);
    if (inside === undefined || request === undefined || inside.sending || !isAtRest(inside.receiver)) {
      this.#wait();
      return undefined;
    }
    const taken = freezeSocket(
      inside.socket,
      () => this.#hooks.save(ws, request),
      () => {
        this.#requests.delete(inside.socket);
        markClosed(ws);
        forgetClient(this.#wss, ws);
      },
    );
    switch (taken.kind) {
      case "taken": {
        const input = Buffer.concat([rebuildFrames(inside.receiver), taken.input]);
        return {
          fd: taken.fd,
          meta: describe(taken.saved, ws.protocol, request),
          input,
          output: taken.output,
        };
      }
      case "busy":
        this.#wait();
        return undefined;
      case "save-failed":
        this.#reportOnce(taken.failure);
        this.#turnAway(ws);
        return undefined;
      case "no-descriptor":
        this.#reportOnce(taken.failure);
        this.#lookAgain.later();
        return "no-descriptor";
    }
  }

  #wait(): void {
    this.#busy++;
    this.#lookAgain.later();
  }

  #canMove(ws: WebSocket): boolean {
    if (!this.#movable || ws.extensions !== "") return false;
    const inside = insideOf(ws);
    return inside !== undefined && handleOf(inside.socket) !== undefined;
  }

  /** Not one that ends by itself already: that counts as finished. */
  #turnAway(ws: WebSocket): void {
    if (this.#turnedAway.has(ws) || ws.readyState !== ws.OPEN || isEnded(ws)) return;
    this.#turnedAway.add(ws);
    this.#counted.cut++;
    const inside = insideOf(ws);
    if (inside !== undefined) this.#requests.delete(inside.socket);
    // The frame can fail to be written to a peer that is gone, and nobody may be listening for that any more.
    ws.on("error", () => {});
    ws.close(serviceRestart);
  }

  #follow(socket: Socket, request: HandshakeRequest): void {
    this.#requests.set(socket, request);
    this.#lookAgain.soon();
    whenClosed(socket, () => {
      // Those that were turned away are not known any more.
      if (this.#requests.delete(socket) && this.#draining) this.#counted.finished++;
      this.#lookAgain.soon();
    });
  }

  #readOrClose(received: Frozen["meta"], fd: number): ReturnType<typeof readMeta> {
    try {
      return readMeta(received);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }

  /** The app's own class may throw. */
  #openOrClose(socket: Socket, input: Buffer, protocol: string): WebSocket {
    try {
      return openOn(this.#wss, socket, input, protocol);
    } catch (cause) {
      this.#counted.cut++;
      this.#requests.delete(socket);
      socket.destroy();
      throw new HoldfastError("restore-failed", `cannot restore a WebSocket: ${messageOf(cause)}`, { cause });
    }
  }

  get #clients(): ReadonlySet<WebSocket> {
    return this.#wss.clients ?? new Set();
  }

  #reportOnce(failure: FailureOf<"worker">): void {
    if (this.#reported.has(failure.reason)) return;
    this.#reported.add(failure.reason);
    this.#report(failure);
  }
}

/** The client has gone, and the object has not been told so yet. */
function isEnded(ws: WebSocket): boolean {
  const socket = insideOf(ws)?.socket;
  return socket !== undefined && (socket.destroyed || socket.readableEnded);
}
