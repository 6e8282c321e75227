import { Socket as UdpSocket } from "node:dgram";
import type { Server } from "node:net";
import { HoldfastError } from "../../lib/failure.js";
import { backlogLimitOf } from "../../linux/backlog.js";
import { duplicateFd } from "../../linux/fd.js";

/** What can be served: an `http`, `https`, `http2` or `net` server, or a UDP socket. */
export type NodeServer = Server | UdpSocket;

/** Where to listen when no manager passes a socket: a developer's laptop, Docker. As for `server.listen`. */
export interface Place {
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
}

/** What a listener is called that the app has given only a place; undefined without one. */
export function namePlace({ port, host, path }: Place): string | undefined {
  if (path !== undefined) return path;
  if (port === undefined) return undefined;
  return host === undefined ? `${port}` : `${host} ${port}`;
}

/** On the inherited socket if there is one. Rejects with what the server emits, and with `listener-missing`. */
export function listenOn(server: NodeServer, fd: number | undefined, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    // On a copy: closing the server closes the number it listens on, and the socket must outlive that.
    const copy = fd === undefined ? undefined : duplicateFd(fd);
    const { port, host, path } = place;
    if (server instanceof UdpSocket) bindUdp(server, copy, place, reject);
    else if (copy !== undefined) server.listen({ fd: copy }, backlogLimitOf(copy));
    else if (path !== undefined) server.listen({ path });
    else if (port !== undefined) server.listen({ port, ...(host === undefined ? {} : { host }) });
    else reject(nowhere());
  });
}

function bindUdp(
  socket: UdpSocket,
  fd: number | undefined,
  { port, host }: Place,
  reject: (error: Error) => void,
): void {
  if (fd !== undefined) socket.bind({ fd });
  else if (port !== undefined) socket.bind(host === undefined ? { port } : { port, address: host });
  else reject(nowhere());
}

function nowhere(): HoldfastError {
  const message = "cannot listen: no manager passes a socket, and serve() was given neither port nor path";
  return new HoldfastError("listener-missing", message);
}
