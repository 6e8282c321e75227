import type { Server } from "node:net";
import { closeFd, tryToDuplicateFd } from "../../linux/fd.js";

/** What of Node is used here and not documented: the handle that a listening server has, of the class TCP or Pipe. */
interface ListeningHandle {
  readonly fd: number;
  readonly constructor: new (type: number) => ListeningHandle;
  open(fd: number): number;
  listen(backlog: number): number;
  unref(): void;
  close(): void;
}

/** `constants.SERVER` of both classes. */
const serverType = 1;

/**
 * Lets a server that listens on an fd (of a unix socket that Node has bound, it would remove the file) accept no more until `goOnAccepting`: it stays open with its address, and clients wait in the queue of
 * the socket, or are accepted by whoever else listens on it. False, with nothing changed, where the server does not listen, this process is
 * out of fds, or this Node's handles look different. May be called while the server is told of a connection.
 */
export function stopAccepting(server: Server): boolean {
  const handle = handleOf(server);
  if (handle === undefined) return false;
  const copy = tryToDuplicateFd(handle.fd);
  if (copy === undefined) return false;
  const still = new handle.constructor(serverType);
  if (still.open(copy) < 0) {
    closeFd(copy);
    return false;
  }
  // What makes it this server's: `onconnection`, and by a symbol the server.
  Object.assign(still, handle);
  if (Reflect.get(server, "_unref") === true) still.unref();
  Reflect.set(server, "_handle", still);
  handle.close();
  return true;
}

/** After `stopAccepting`. A server that has been closed meanwhile stays so. */
export function goOnAccepting(server: Server, backlog: number): void {
  const result = handleOf(server)?.listen(backlog) ?? 0;
  if (result < 0) server.emit("error", new Error(`cannot listen: error ${result}`));
}

/** The number that the server listens on; undefined as for `stopAccepting`. */
export function listeningFdOf(server: Server): number | undefined {
  return handleOf(server)?.fd;
}

function handleOf(server: Server): ListeningHandle | undefined {
  const handle: unknown = Reflect.get(server, "_handle");
  return typeof handle === "object" && handle !== null && isListening(handle) ? handle : undefined;
}

function isListening(handle: object): handle is ListeningHandle {
  const methods = ["open", "listen", "unref", "close"];
  return (
    "fd" in handle &&
    typeof handle.fd === "number" &&
    handle.fd >= 0 &&
    "onconnection" in handle &&
    methods.every((name) => typeof Reflect.get(handle, name) === "function")
  );
}
