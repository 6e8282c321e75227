import type { Server } from "node:http";
import type { Socket } from "node:net";
import {
  asHttpSocket,
  findConnectionsList,
  type HttpParser,
  isEnding,
} from "../../node-internals/http-parts.js";
import type { Pasts } from "./pasts.js";

type Begun = ReadonlySet<HttpParser>;

export const none: Begun = new Set();

/** Those in the middle of a request's head or body, which has to end here when the server drains. */
export function findBegun(server: Server): Begun {
  return new Set(findConnectionsList(server)?.active());
}

/** How many have a request that is being read or answered, or end. */
export function countInFlight(sockets: Iterable<Socket>, begun: Begun, pasts: Pasts): number {
  let inFlight = 0;
  for (const socket of sockets) {
    const { _httpMessage: response, parser } = asHttpSocket(socket);
    const reading = parser && begun.has(parser) && pasts.of(socket) !== "unused";
    if (response || reading || isEnding(socket)) inFlight += 1;
  }
  return inFlight;
}
