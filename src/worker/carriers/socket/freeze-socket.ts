import type { Socket } from "node:net";
import { type Failure, messageOf } from "../../../lib/failure.js";
import { closeFd, duplicateFd } from "../../../linux/fd.js";
import { halfCharacterOf, handleOf } from "../../node-internals/socket-handle.js";
import { askToSave, notYet } from "./ask-to-save.js";
import { knowsOutput, takeOutput } from "./outbox.js";

/** A socket's connection without the socket. */
export interface FrozenSocket {
  readonly kind: "taken";
  readonly fd: number;
  readonly saved: unknown;
  readonly input: Buffer;
  readonly output: Buffer;
}

/** `busy` passes by itself, `no-descriptor` when others are closed; `save-failed` is the app's doing and stays. */
export type NotFrozen =
  | { readonly kind: "busy" }
  | { readonly kind: "save-failed"; readonly failure: Failure<"save-failed"> }
  | { readonly kind: "no-descriptor"; readonly failure: Failure<"no-descriptor"> };

/**
 * Takes a connection out of its socket, which is destroyed without a FIN and without a word to its listeners.
 * Everything happens before it returns, so not a byte can come in between. `save` is asked last and may write and
 * `unshift`; when it declines, the socket is as it was. `leave` runs when it is settled that the socket goes.
 */
export function freezeSocket(
  socket: Socket,
  save: () => unknown,
  leave: () => void,
): FrozenSocket | NotFrozen {
  const handle = handleOf(socket);
  if (handle === undefined || socket.writableCorked > 0 || !knowsOutput(socket)) return { kind: "busy" };
  let fd: number;
  try {
    fd = duplicateFd(handle.fd);
  } catch (error) {
    return { kind: "no-descriptor", failure: { reason: "no-descriptor", message: messageOf(error) } };
  }
  const flowing = socket.readableFlowing === true;
  // What the app gives back with unshift() must wait in the buffer, not come around to it again.
  if (flowing) socket.pause();
  const saved = askToSave(save);
  if (saved === notYet || !saved.ok || socket.destroyed) {
    closeFd(fd);
    if (flowing) socket.resume();
    if (saved === notYet || saved.ok) return { kind: "busy" };
    return { kind: "save-failed", failure: saved.failure };
  }
  leave();
  socket.removeAllListeners();
  socket.on("error", () => {});
  const input = takeInput(socket);
  const output = takeOutput(socket, handle.writeQueueSize);
  socket.destroy();
  return { kind: "taken", fd, saved: saved.value, input, output };
}

/** All that Node has read and the app has not; the listeners must be gone, for `read` emits 'data'. */
function takeInput(socket: Socket): Buffer {
  socket._read = () => {};
  const encoding = socket.readableEncoding ?? "utf8";
  const parts: Buffer[] = [];
  for (;;) {
    const chunk: unknown = socket.read();
    if (typeof chunk === "string") parts.push(Buffer.from(chunk, encoding));
    else if (Buffer.isBuffer(chunk)) parts.push(chunk);
    else break;
  }
  return Buffer.concat([...parts, halfCharacterOf(socket)]);
}
