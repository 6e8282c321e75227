import type { Server } from "node:net";
import { closeFd, duplicateFd } from "../../linux/fd.js";
import { acceptLater, tellPath, withoutAccepting } from "../node-internals/held-listener.js";
import type { Passed } from "./find-listener.js";

/**
 * Runs `listen`, which is to make the server listen on `{ fd }`, in such a way that the server does not accept yet:
 * for the app it listens, with its address and its `listening` event, and clients wait in the socket's queue. Returns
 * what makes it accept.
 */
export function holdListener(
  server: Server,
  { fd, address }: Passed,
  listen: (copy: number) => void,
): (backlog: number) => void {
  // On a copy: closing the server closes the number it listens on, and the socket must outlive that.
  const copy = duplicateFd(fd);
  try {
    withoutAccepting(fd, () => listen(copy));
  } catch (error) {
    closeFd(copy);
    throw error;
  }
  if (address.kind === "unix") tellPath(server, address.path);
  return acceptLater(server);
}
