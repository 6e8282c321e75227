import { type Server, Socket } from "node:net";
import { HoldfastError, messageOf } from "../../lib/failure.js";
import { closeFd } from "../../linux/fd.js";

/** The bookkeeping behind `Server.prototype.getConnections`: a socket that names its server is counted out by itself. */
interface CountingServer extends Server {
  _connections: number;
  /** Emits `close` once the server is closed and counts none. */
  _emitCloseIfDrained?(): void;
}

export interface OpenConnectionOptions {
  /** Whether the app may still write when the peer has ended. */
  readonly allowHalfOpen?: boolean;
  /** False when the peer has ended and the app has been told so. */
  readonly readable?: boolean;
  /** True when the server counts it already, for `countIn` was told of it. */
  readonly counted?: boolean;
}

/**
 * A socket for a connection that came as an fd, which belongs to the socket from now on; it reads once somebody
 * listens. A server that is given counts it as if it had accepted it, so that `getConnections` and the server's `close`
 * event are right, and sets it up as its options say. Throws `adopt-failed`, with the fd closed, for what is not a stream socket.
 */
export function openConnection(
  fd: number,
  server: Server | undefined,
  { allowHalfOpen = true, readable = true, counted = false }: OpenConnectionOptions = {},
): Socket {
  let socket: Socket;
  try {
    socket = new Socket({ fd, readable, writable: true, allowHalfOpen, ...findHighWaterMarks(server) });
  } catch (cause) {
    closeFd(fd);
    if (counted) countOut(server, 1);
    throw new HoldfastError("adopt-failed", `cannot adopt a connection: ${messageOf(cause)}`, { cause });
  }
  opened.add(socket);
  if (server !== undefined && countsConnections(server)) {
    // `server` is set by an HTTP server itself; a WebSocket taken in needs it as well.
    Object.assign(socket, { server, _server: server });
    if (!counted) server._connections += 1;
    setUp(socket, server);
  }
  return socket;
}

const opened = new WeakSet<Socket>();

/** Whether it came as an fd, and no server has accepted it here. */
export function isOpened(socket: Socket): boolean {
  return opened.has(socket);
}

/** Options of a server's constructor that are for the connections which it accepts; older versions of Node lack some. */
function findHighWaterMarks(server: Server | undefined): object {
  const mark: unknown = server && Reflect.get(server, "highWaterMark");
  return mark === undefined ? {} : { readableHighWaterMark: mark, writableHighWaterMark: mark };
}

function setUp(socket: Socket, server: Server): void {
  if (Reflect.get(server, "noDelay") === true) socket.setNoDelay(true);
  if (Reflect.get(server, "keepAlive") !== true) return;
  // A server keeps the delay in seconds.
  socket.setKeepAlive(true, Number(Reflect.get(server, "keepAliveInitialDelay")) * 1_000);
}

/** How many connections the server counts at this moment; undefined when this Node keeps no such number. */
export function countConnections(server: Server): number | undefined {
  return countsConnections(server) ? server._connections : undefined;
}

/** The server counts one more that is no socket. */
export function countIn(server: Server | undefined): void {
  if (server !== undefined && countsConnections(server)) server._connections += 1;
}

/** That many of these are gone; a server that is closed may have waited for the last of them. */
export function countOut(server: Server | undefined, count: number): void {
  // Node emits `close` at each call that finds none.
  if (count === 0 || server === undefined || !countsConnections(server)) return;
  server._connections -= count;
  server._emitCloseIfDrained?.();
}

/** Whether the server leaves a connection open for writing whose peer has ended. */
export function allowsHalfOpen(server: Server): boolean {
  return Reflect.get(server, "allowHalfOpen") === true;
}

function countsConnections(server: Server): server is CountingServer {
  return "_connections" in server && typeof server._connections === "number";
}
