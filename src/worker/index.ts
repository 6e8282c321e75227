/**
 * The library for Node apps: `serve` a server on the listener that holdfastd or systemd passes, and its connections
 * outlive the process. Without any manager it binds and drains on SIGTERM.
 */
export type { Counters } from "./carrier.js";
export { type ServeOptions, type Serving, serve } from "./serve.js";
export { type ServeWebSocketsOptions, serveWebSockets } from "./serve-websockets.js";
export { notYet } from "./socket/saved.js";
export type { StateDefinition } from "./state/definition.js";
export { state } from "./state/state.js";
export type { TcpHooks } from "./tcp/tcp-carrier.js";
export type { HandshakeRequest } from "./websocket/handshake.js";
export type { WebSocketHooks } from "./websocket/hooks.js";
