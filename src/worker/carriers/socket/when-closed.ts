import type { Socket } from "node:net";

/**
 * Calls back, on a clean stack, when the socket has been closed here, by whomever. Apps that take a socket over remove the
 * listeners that they find, which does not end this: it stands in the hook that streams document for those who implement one.
 */
export function whenClosed(socket: Socket, callback: () => void): void {
  const { _destroy } = socket;
  socket._destroy = function (error, done) {
    process.nextTick(callback);
    Reflect.apply(_destroy, this, [error, done]);
  };
}
