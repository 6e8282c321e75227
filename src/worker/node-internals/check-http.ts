import { channel } from "node:diagnostics_channel";
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { messageOf } from "../../lib/failure.js";
import { closeFd } from "../../linux/fd.js";
import { openSocketPair } from "../../linux/socket-pair.js";
import { asHttpSocket, findConnectionsList, pretendRequest } from "./http-parts.js";
import { countConnections, openConnection } from "./open-connection.js";
import { handleOf } from "./socket-handle.js";

let verdict: { readonly missing: string | undefined } | undefined;

/**
 * What this Node lacks of the undocumented things that moving HTTP connections needs, in words for a log line;
 * undefined when all is there. Found out once a process, with a request to a throw-away server that never listens.
 */
export function checkHttpInternals(): string | undefined {
  verdict ??= { missing: withoutPublishing(probe) };
  return verdict.missing;
}

/** Nobody is to hear of a request that no client has sent: tracers make a span of each. */
const heard = ["http.server.request.start", "http.server.response.created", "http.server.response.finish"];

function withoutPublishing<T>(work: () => T): T {
  const channels = heard.map((name) => channel(name));
  // On the object, which is one for all that publish; who has subscribed is not touched.
  for (const one of channels) Reflect.defineProperty(one, "publish", { value: () => {}, configurable: true });
  try {
    return work();
  } finally {
    for (const one of channels) Reflect.deleteProperty(one, "publish");
  }
}

function probe(): string | undefined {
  const server = createServer();
  try {
    const [fd, peer] = openSocketPair("stream");
    try {
      const socket = openConnection(fd, server);
      try {
        return findMissing(server, socket);
      } finally {
        socket.destroy();
      }
    } finally {
      closeFd(peer);
    }
  } catch (error) {
    return `a throw-away server that works (${messageOf(error)})`;
  } finally {
    server.close();
  }
}

function findMissing(server: Server, socket: Socket): string | undefined {
  const list = findConnectionsList(server);
  if (list === undefined) return "the server's list of connections";
  if (countConnections(server) !== 1) return "the server's count of connections";
  server.emit("connection", socket);
  const { parser } = asHttpSocket(socket);
  if (!parser) return "a socket's parser";
  if (typeof parser.execute !== "function" || typeof parser.onIncoming !== "function")
    return "the parser's methods";
  if (handleOf(socket) === undefined) return "a handle's file descriptor and write queue";
  if (asHttpSocket(socket)._paused !== false) return "a socket's note that it is paused";
  const isActive = (): boolean => list.active().includes(parser);
  if (!isActive()) return "new connections in the list";
  pretendRequest(parser);
  if (isActive()) return "a way to mark a connection as used";
  socket.emit("data", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n"));
  if (!isActive()) return "requests that have begun in the list";
  socket.emit("data", Buffer.from("\r\n"));
  if (isActive()) return "an end of requests in the list";
  const response = asHttpSocket(socket)._httpMessage;
  if (!response) return "a socket's response";
  if (response.shouldKeepAlive !== true) return "a response's wish to keep the connection";
  if (response.req !== parser.incoming) return "a parser's request";
  socket.destroy();
  if (countConnections(server) !== 0) return "the server's count of closed connections";
  return undefined;
}
