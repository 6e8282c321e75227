import { Server } from "node:net";
import type { WebSocketServer } from "ws";
import { HoldfastError } from "../lib/failure.js";
import { createWebSocketCarrier } from "./carriers/websocket/websocket-carrier.js";
import type { ServerOf, WebSocketHooks } from "./carriers/websocket/websocket-hooks.js";
import { getRuntime } from "./lifetime/runtime.js";

export interface ServeWebSocketsOptions<W> extends WebSocketHooks<W> {
  /** The HTTP server whose upgrades the app gives to `wss`; not needed where `wss` was made with `{ server }`. */
  readonly server?: Server;
}

/**
 * Lets the WebSockets of a `ws` server go on in the next worker, with what `save` returned. Call it before the HTTP
 * server is served, so that a worker that stands by knows how to take them. Throws `server-missing`.
 */
export function serveWebSockets<W>(wss: ServerOf<W>, options: ServeWebSocketsOptions<W>): void;
export function serveWebSockets(wss: object, options: ServeWebSocketsOptions<never>): void {
  if (!isWebSocketServer(wss)) {
    const message = "cannot serve WebSockets: the first argument is no WebSocketServer of the package ws";
    throw new HoldfastError("server-missing", message);
  }
  const server = options.server ?? wss.options.server;
  if (!(server instanceof Server)) {
    const message = "cannot serve WebSockets: say which HTTP server they come from, as in { server }";
    throw new HoldfastError("server-missing", message);
  }
  const runtime = getRuntime();
  const carrier = createWebSocketCarrier(wss, options, ({ message }) => runtime.report(message));
  // From the handshake on they are no business of the HTTP carrier any more.
  wss.on("headers", (_headers, request) => runtime.releaseUpgraded(server, request.socket));
  runtime.attach(server, carrier);
}

function isWebSocketServer(value: object): value is WebSocketServer {
  return "handleUpgrade" in value && "options" in value;
}
