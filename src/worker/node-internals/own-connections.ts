import { createServer, Server } from "node:http";
import { Socket } from "node:net";

/** The listener by which a server of node:http takes its connections; one function for all of them. */
let own: unknown;

/**
 * Whether a server reads its connections itself, from their first byte on. Otherwise a wrapper stands in the place of
 * Node's own listener, or of `emit`, and reads first, as for the PROXY protocol.
 */
export function readsFirst(server: Server): boolean {
  own ??= createServer().listeners("connection")[0];
  // On the prototype it may be a tracer's.
  return server.emit === Server.prototype.emit && server.listeners("connection").some((one) => one === own);
}

/** Whether the server has accepted the connection itself. Any other may have been read from before. */
export function hasAccepted(server: Server, socket: Socket): boolean {
  return Reflect.get(socket, "_server") === server && socket.bytesRead === 0;
}

/** What a socket stands on: itself, or under TLS the connection that was accepted. */
export function findTransport(socket: Socket): Socket {
  const parent: unknown = Reflect.get(socket, "_parent");
  return parent instanceof Socket ? findTransport(parent) : socket;
}
