import { connect, createServer, type Server, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/** The part of libuv's stream handle in a `net.Socket` that is needed; Node does not document it. */
export interface StreamHandle {
  readonly fd: number;
  /** Bytes that libuv holds and the kernel has not taken. */
  readonly writeQueueSize: number;
}

interface CountingServer extends Server {
  _connections: number;
}

/** The handle of a plain TCP or unix socket that is open; undefined for TLS and for what is closed. */
export function handleOf(socket: Socket): StreamHandle | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  if ("encrypted" in socket || typeof handle !== "object" || handle === null) return undefined;
  return isStreamHandle(handle) && handle.fd >= 0 ? handle : undefined;
}

/** Makes a socket one of the server's, so that the server counts it and its `close` waits for it. */
export function enlist(socket: Socket, server: Server): void {
  if (!countsConnections(server)) return;
  Object.assign(socket, { server, _server: server });
  server._connections++;
}

/** Bytes of a character that came in half, kept back by a socket with `setEncoding`. */
export function halfCharacterOf(socket: Socket): Buffer {
  const decoder: unknown = Reflect.get(Reflect.get(socket, "_readableState"), "decoder");
  return decoder instanceof StringDecoder ? halfCharacter(decoder) : Buffer.alloc(0);
}

/** Why connections cannot move on this Node, for people; undefined when all is there. Touches no network. */
export function checkTcpInternals(): string | undefined {
  const probe = connect({ host: "127.0.0.1", port: 1 });
  const handle: unknown = Reflect.get(probe, "_handle");
  probe.on("error", () => {}).destroy();
  if (typeof handle !== "object" || handle === null || !isStreamHandle(handle)) {
    return lacks("fd and writeQueueSize of a net.Socket's handle");
  }
  if (!countsConnections(createServer())) return lacks("the connection count of net.Server");
  const decoder = new StringDecoder("utf8");
  const half = Buffer.from("€").subarray(0, 2);
  decoder.write(half);
  return halfCharacter(decoder).equals(half) ? undefined : lacks("the half character of a StringDecoder");
}

function lacks(what: string): string {
  return `Node ${process.version} lacks ${what}`;
}

function halfCharacter(decoder: StringDecoder): Buffer {
  const lastChar: unknown = Reflect.get(decoder, "lastChar");
  const held = Number(Reflect.get(decoder, "lastTotal")) - Number(Reflect.get(decoder, "lastNeed"));
  return Buffer.isBuffer(lastChar) ? Buffer.from(lastChar.subarray(0, held)) : Buffer.alloc(0);
}

function isStreamHandle(handle: object): handle is StreamHandle {
  return (
    "fd" in handle &&
    typeof handle.fd === "number" &&
    "writeQueueSize" in handle &&
    typeof handle.writeQueueSize === "number"
  );
}

function countsConnections(server: Server): server is CountingServer {
  return "_connections" in server && typeof server._connections === "number";
}
