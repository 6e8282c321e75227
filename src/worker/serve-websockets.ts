import { Server } from "node:net";
import type { WebSocketServer } from "ws";
import { HoldfastError } from "../lib/failure.js";
import { getRuntime } from "./runtime.js";
import { createWebSocketCarrier, type WebSocketHooks } from "./websocket/websocket-carrier.js";

export interface ServeWebSocketsOptions extends WebSocketHooks {
  /** The HTTP server whose upgrades the app gives to `wss`; not needed where `wss` was made with `{ server }`. */
  readonly server?: Server;
}

/**
 * Lets the WebSockets of a `ws` server go on in the next worker, with what `save` returned. Call it before the HTTP
 * server is served, so that a worker that stands by knows how to take them. Throws `server-missing`.
 */
export function serveWebSockets(wss: WebSocketServer, options: ServeWebSocketsOptions): void {
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
