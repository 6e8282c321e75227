import type { Socket } from "node:net";
import { closeAfterResponse } from "../../node-internals/http-parts.js";
import { findTransport } from "../../node-internals/own-connections.js";
import { onAnyRequestStart } from "../http/request-events.js";

/**
 * Tells the clients of such connections to close which the app has given to an HTTP server of its own, having looked at their
 * first bytes: with the response that has not begun, or the next one.
 */
export function tellHttpToClose(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) closeAfterResponse(socket);
  onAnyRequestStart((response) => {
    if (sockets.has(findTransport(response.req.socket))) response.shouldKeepAlive = false;
  });
}
