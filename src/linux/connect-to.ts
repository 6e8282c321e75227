import { Socket } from "node:net";
import { constants } from "node:os";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { closeFd } from "./fd.js";
import { errorName, orThrow } from "./ffi.js";
import { inspectSocket } from "./socket.js";
import { AF_UNIX, maxSocketAddressBytes } from "./socket-address.js";
import { connect, openSocket, readOption, readOwnAddress, SOCK_STREAM, SOL_SOCKET } from "./socket-calls.js";

const leaveMs = 1000;
const SO_NETNS_COOKIE = 71;
const { EAGAIN, EINPROGRESS } = constants.errno;

/**
 * A new connection to a listening stream socket, by the address that it has; the handshake may still be under way. To a
 * wildcard it goes over loopback. The caller closes the fd. Fails with `queue-full` (unix only: TCP waits) or `unreachable`.
 */
export function connectTo(listener: number): Result<number, Failure<"unreachable" | "queue-full">> {
  const facts = inspectSocket(listener);
  const address = readOwnAddress(listener, maxSocketAddressBytes);
  if (facts?.listening !== true || facts.type !== "stream" || typeof address === "number") {
    return fail("unreachable", "it is no listening stream socket");
  }
  const family = address.readUInt16LE(0);
  const fd = orThrow("open a socket", openSocket(family, SOCK_STREAM));
  // A path leads to the same socket from everywhere, a port does not.
  if (family !== AF_UNIX && !inSameNetwork(fd, listener)) {
    closeFd(fd);
    return fail("unreachable", "it belongs to another network namespace");
  }
  const result = connect(fd, address, address.length);
  if (result === 0 || result === -EINPROGRESS) return succeed(fd);
  closeFd(fd);
  if (family === AF_UNIX && result === -EAGAIN) return fail("queue-full", "its queue is full");
  return fail("unreachable", `a connection to it fails (${errorName(result)})`);
}

/**
 * Closes a connection that somebody has accepted, and makes no error for it: what it still says is read (closing over it
 * would reset the connection, of which careless servers die), and it may end first, for a second.
 */
export function leaveGently(fd: number): void {
  const socket = new Socket({ fd, readable: true, writable: true });
  socket.on("error", () => {});
  socket.setTimeout(leaveMs, () => socket.destroy());
  socket.unref().resume().end();
}

/** True on kernels before 5.14, too, which do not tell. socket(7) SO_NETNS_COOKIE. */
function inSameNetwork(one: number, other: number): boolean {
  const [a, b] = [one, other].map((fd) => readOption(fd, SOL_SOCKET, SO_NETNS_COOKIE, 8));
  return typeof a !== "object" || typeof b !== "object" || a.equals(b);
}
