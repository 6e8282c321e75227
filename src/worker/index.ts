/**
 * The library for Node apps: `serve` a server on the listener that holdfastd or systemd passes, and its connections
 * outlive the process. Without any manager it binds and drains on SIGTERM.
 */
export type { StateDefinition } from "./app-state/state-definition.js";
export type { Counters } from "./carriers/carrier.js";
export { notYet } from "./carriers/socket/ask-to-save.js";
export type { TcpHooks } from "./carriers/tcp/tcp-carrier.js";
export type { HandshakeRequest } from "./carriers/websocket/handshake.js";
export type { WebSocketHooks } from "./carriers/websocket/websocket-hooks.js";
export { type ServeOptions, type Serving, serve } from "./serve.js";
export { type ServeWebSocketsOptions, serveWebSockets } from "./serve-websockets.js";
export { state } from "./state.js";
