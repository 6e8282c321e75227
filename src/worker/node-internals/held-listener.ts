import { type Server, Socket } from "node:net";
import { duplicateFd } from "../../linux/fd.js";

/** What of Node is used here and not documented: `listen` on a server's handle is what makes it accept. */
interface ListeningHandle {
  listen(backlog: number): number;
}

/**
 * Runs `listen`, which is to make a server listen on that fd, in such a way that the server does not accept yet. On a
 * Node that does this in some other way the server accepts at once.
 */
export function withoutAccepting(fd: number, listen: () => void): void {
  const prototype = findHandlePrototype(fd);
  const { listen: accept } = prototype;
  prototype.listen = () => 0;
  try {
    listen();
  } finally {
    prototype.listen = accept;
  }
}

/** What makes the server accept where it listens now; it does nothing once the server is closed, or listens anew. */
export function acceptLater(server: Server): (backlog: number) => void {
  const handle = listeningHandleOf(server);
  return (backlog) => {
    if (handle === null || listeningHandleOf(server) !== handle) return;
    const result = handle.listen(backlog);
    if (result < 0) server.emit("error", new Error(`cannot listen: error ${result}`));
  };
}

/** `address()` of a unix socket is what the server was asked for; one that was asked for an fd has to be told. */
export function tellPath(server: Server, path: string): void {
  Reflect.set(server, "_pipeName", path);
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
