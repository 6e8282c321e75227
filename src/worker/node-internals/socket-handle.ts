import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/** The part of libuv's stream handle in a `net.Socket` that is needed; Node does not document it. */
export interface StreamHandle {
  readonly fd: number;
  /** Bytes that libuv holds and the kernel has not taken. */
  readonly writeQueueSize: number;
}

/** The handle of a plain TCP or unix socket that is open; undefined for TLS and for what is closed. */
export function handleOf(socket: Socket): StreamHandle | undefined {
  if ("encrypted" in socket) return undefined;
  const handle = streamHandleOf(socket);
  return handle !== undefined && handle.fd >= 0 ? handle : undefined;
}

/** Open or not; undefined where this Node's handles look different. */
export function streamHandleOf(socket: Socket): StreamHandle | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  return typeof handle === "object" && handle !== null && isStreamHandle(handle) ? handle : undefined;
}

function isStreamHandle(handle: object): handle is StreamHandle {
  return (
    "fd" in handle &&
    typeof handle.fd === "number" &&
    "writeQueueSize" in handle &&
    typeof handle.writeQueueSize === "number"
  );
}

/** Bytes of a character that came in half, kept back by a socket with `setEncoding`. */
export function halfCharacterOf(socket: Socket): Buffer {
  const decoder: unknown = Reflect.get(Reflect.get(socket, "_readableState"), "decoder");
  return decoder instanceof StringDecoder ? halfCharacterIn(decoder) : Buffer.alloc(0);
}

export function halfCharacterIn(decoder: StringDecoder): Buffer {
  const lastChar: unknown = Reflect.get(decoder, "lastChar");
  const held = Number(Reflect.get(decoder, "lastTotal")) - Number(Reflect.get(decoder, "lastNeed"));
  return Buffer.isBuffer(lastChar) ? Buffer.from(lastChar.subarray(0, held)) : Buffer.alloc(0);
}
