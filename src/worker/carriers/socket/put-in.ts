import { type Server, Socket } from "node:net";
import { HoldfastError, messageOf } from "../../../lib/failure.js";
import { closeFd } from "../../../linux/fd.js";
import { enlist } from "../../node-internals/stream-handle.js";
import { watchOutput } from "./outbox.js";

export interface PutInOptions {
  /** The server that counts the connection, where it is known. */
  readonly server: Server | undefined;
  readonly allowHalfOpen: boolean;
  /** False when the peer has ended and the app has been told so. */
  readonly readable: boolean;
}

/**
 * A socket for a connection that came as an fd, which belongs to the socket from now on. It reads once somebody
 * listens. Throws `adopt-failed`, with the fd closed, for what is not a stream socket.
 */
export function putIn(fd: number, { server, allowHalfOpen, readable }: PutInOptions): Socket {
  let socket: Socket;
  try {
    socket = new Socket({ fd, readable, writable: true, allowHalfOpen });
  } catch (cause) {
    closeFd(fd);
    throw new HoldfastError("adopt-failed", `cannot adopt a connection: ${messageOf(cause)}`, { cause });
  }
  watchOutput(socket);
  if (server !== undefined) enlist(socket, server);
  return socket;
}
