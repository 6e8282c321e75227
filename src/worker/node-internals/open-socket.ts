import { type Server, Socket } from "node:net";
import { closeFd } from "../../linux/fd.js";
import { asCounted, asCounting } from "./http-internals.js";

/**
 * A socket of an established connection, counted in the server as if it had accepted it, so that `getConnections` and
 * the server's `close` event are right. It reads from the next turn on. Takes over the fd: throws, with the fd closed,
 * when that is no stream socket.
 */
export function openSocket(server: Server, fd: number): Socket {
  const socket = wrap(fd);
  asCounted(socket)._server = server;
  asCounted(socket).server = server;
  asCounting(server)._connections += 1;
  return socket;
}

function wrap(fd: number): Socket {
  try {
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
