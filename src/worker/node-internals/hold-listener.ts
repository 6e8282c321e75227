import { type Server, Socket } from "node:net";
import type { Address } from "../../lib/address.js";
import { closeFd, duplicateFd } from "../../linux/fd.js";
import { listenAgain } from "./listening-handle.js";

/** What of Node is used here and not documented: `listen` on a server's handle is what makes it accept. */
interface ListeningHandle {
  listen(backlog: number): number;
}

/**
 * Runs `listen`, which is to make the server listen on `{ fd }`, in such a way that the server does not accept yet:
 * for the app it listens, with its address and its `listening` event, and clients wait in the socket's queue. Returns
 * what makes it accept. On a Node that does this in some other way the server accepts at once.
 */
export function holdListener(
  server: Server,
  { fd, address }: { readonly fd: number; readonly address: Address },
  listen: (copy: number) => void,
): (backlog: number) => void {
  const prototype = findHandlePrototype(fd);
  const { listen: accept } = prototype;
  // On a copy: closing the server closes the number it listens on, and the socket must outlive that.
  const copy = duplicateFd(fd);
  prototype.listen = () => 0;
  try {
    listen(copy);
  } catch (error) {
    closeFd(copy);
    throw error;
  } finally {
    prototype.listen = accept;
  }
  // `address()` of a unix socket is what the server was asked for, and it was asked for an fd.
  if (address.kind === "unix") Reflect.set(server, "_pipeName", address.path);
  const handle = listeningHandleOf(server);
  return (backlog) => {
    // Closed meanwhile, or listening anew.
    if (handle === null || listeningHandleOf(server) !== handle) return;
    listenAgain(server, handle, backlog);
  };
}

/** Of the class of handle that Node uses for such a socket: TCP or pipe. */
function findHandlePrototype(fd: number): ListeningHandle {
  const socket = new Socket({ fd: duplicateFd(fd), readable: false, writable: false });
  const prototype: ListeningHandle = Object.getPrototypeOf(listeningHandleOf(socket));
  socket.destroy();
  return prototype;
}

function listeningHandleOf(owner: Server | Socket): ListeningHandle | null {
  return Reflect.get(owner, "_handle");
}
