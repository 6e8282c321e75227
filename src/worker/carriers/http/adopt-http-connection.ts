import type { Server } from "node:http";
import type { Socket } from "node:net";
import { asHttpSocket, findConnectionsList, pretendRequest } from "../../node-internals/http-parts.js";
import { type OpenConnectionOptions, openConnection } from "../../node-internals/open-connection.js";
import type { Frozen } from "../carrier.js";
import { readKeepAliveMs } from "./idle-timeout.js";
import type { Past } from "./pasts.js";

/**
 * Puts a connection into an HTTP server as if it had been accepted there, `frozen.output` written and `frozen.input`
 * read first. A used one then waits for its next request under `keepAliveTimeout`, as after a response; an `unused`
 * one under `headersTimeout`, as after accept. Throws what the app's `connection` listeners throw, and when none of them
 * begins to speak HTTP on it; the connection is closed then.
 */
export function adoptHttpConnection(
  server: Server,
  frozen: Frozen,
  past: Past,
  options?: OpenConnectionOptions,
): Socket {
  // Without the list a message that has begun would look like none.
  findConnectionsList(server);
  const socket = openConnection(frozen.fd, server, options);
  try {
    if (frozen.output.length > 0) socket.write(frozen.output);
    if (frozen.input.length > 0) socket.unshift(frozen.input);
    server.emit("connection", socket);
    if (!asHttpSocket(socket).parser) throw new Error("its server does not read from it");
  } catch (error) {
    socket.destroy();
    throw error;
  }
  if (past !== "unused") awaitNextRequest(server, socket, past === "upgrade-refused");
  return socket;
}

function awaitNextRequest(server: Server, socket: Socket, upgradeRefused: boolean): void {
  const { parser } = asHttpSocket(socket);
  if (!parser) return;
  pretendRequest(parser, upgradeRefused);
  const keepAliveMs = readKeepAliveMs(server);
  if (keepAliveMs === undefined) return;
  socket.setTimeout(keepAliveMs);
  const { onIncoming } = parser;
  parser.onIncoming = (request, keepAlive) => {
    parser.onIncoming = onIncoming;
    // Apps set it to undefined, and Node takes that for none.
    socket.setTimeout(server.timeout || 0);
    return onIncoming(request, keepAlive);
  };
}
