import type { HandshakeRequest } from "./handshake.js";

/**
 * A `WebSocketServer` of the package `ws` whose WebSockets are `W`, as far as the types of its hooks need it: `ws` and its
 * types are the app's own, and an app without WebSockets has neither.
 */
export interface ServerOf<W> {
  readonly clients: Set<W>;
  readonly options: object;
}

/** How an app hands over its WebSockets; the app's listeners are on the object, so only the app can do it. */
export interface WebSocketHooks<W> {
  /**
   * What the app knows about a WebSocket, as JSON; asked when it is about to move, after which the object is closed
   * for this process, without a 'close' event: stop its timers here. What was sent arrives. `notYet` lets it stay a
   * little, because an answer is still being worked on. If it throws, the WebSocket is closed with 1012.
   */
  save(ws: W, request: HandshakeRequest): unknown;
  /**
   * Attaches the app's listeners to a WebSocket that came over: what 'connection' does for a new one, marks for a
   * ping timer included. `saved` is to be validated here; if this throws, the WebSocket is closed with 1012.
   */
  restore(ws: W, saved: unknown, request: HandshakeRequest): void;
  /**
   * `restore` may wait until the client speaks (a ping does), or ends: for a protocol in which the server never speaks first. Until then a WebSocket that comes
   * over, and owes nobody anything, costs next to nothing, and is not among the server's `clients`.
   */
  readonly dormant?: boolean;
}
