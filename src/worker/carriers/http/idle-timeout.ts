import type { Server } from "node:http";
import type { Past } from "./pasts.js";

/** What Node adds to `keepAliveTimeout` before it closes; newer versions make it an option of the server. */
const keepAliveBufferMs = 1_000;

/** How long a connection may wait for its next request after a response; undefined where `keepAliveTimeout` is none. */
export function readKeepAliveMs(server: Server): number | undefined {
  if (!(server.keepAliveTimeout > 0)) return undefined;
  const buffer: unknown = Reflect.get(server, "keepAliveTimeoutBuffer");
  return server.keepAliveTimeout + (typeof buffer === "number" && buffer >= 0 ? buffer : keepAliveBufferMs);
}

/** How long a connection of that past may be silent from now on, by the server's options; `Infinity` where none of them is set. */
export function readSilenceMs(server: Server, past: Past): number {
  if (past !== "unused") return readKeepAliveMs(server) ?? smallest([server.timeout]);
  return smallest([server.headersTimeout, server.requestTimeout, server.timeout]);
}

/** Whether what ends that silence is the patience with a request, of which the client is told by a 408, and not `server.timeout`. */
export function isLateRequest(server: Server, past: Past): boolean {
  return (
    past === "unused" &&
    smallest([server.headersTimeout, server.requestTimeout]) <= smallest([server.timeout])
  );
}

/** Node takes 0 for none, and so it does with undefined, to which apps set them. */
function smallest(timeoutsMs: readonly (number | undefined)[]): number {
  return Math.min(
    ...timeoutsMs.map((timeoutMs) => (timeoutMs && timeoutMs > 0 ? timeoutMs : Number.POSITIVE_INFINITY)),
  );
}
