import type { Socket } from "node:net";
import { asHttpSocket } from "../../node-internals/http-internals.js";

/**
 * The response that is under way says `Connection: close`, if it has not begun. Not with more requests pipelined behind
 * it: their responses must come first.
 */
export function closeAfterResponse(socket: Socket): void {
  const { parser, _httpMessage: response } = asHttpSocket(socket);
  if (response && parser?.incoming === response.req) response.shouldKeepAlive = false;
}
