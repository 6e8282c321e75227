import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { HoldfastError } from "../../../lib/failure.js";
import type { Meta } from "../carrier.js";

/** What is left of the request that opened a WebSocket, in whichever worker that was. */
export type HandshakeRequest = Pick<IncomingMessage, "method" | "url" | "headers" | "socket">;

/** What goes along with a moved WebSocket; the WebSockets that move have no extensions. */
export interface WebSocketMeta {
  readonly saved: unknown;
  readonly protocol: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export function describe(saved: unknown, protocol: string, request: HandshakeRequest): Meta {
  const meta: WebSocketMeta = { saved, protocol, url: request.url ?? "/", headers: request.headers };
  return { ...meta };
}

/** Throws `bad-meta` for what another worker cannot have meant. */
export function readMeta({ saved, protocol, url, headers }: Meta): WebSocketMeta {
  if (typeof protocol !== "string" || typeof url !== "string" || !isHeaders(headers)) {
    throw new HoldfastError("bad-meta", "cannot adopt a WebSocket: its protocol, url or headers are missing");
  }
  return { saved, protocol, url, headers };
}

export function rebuildRequest({ url, headers }: WebSocketMeta, socket: Socket): HandshakeRequest {
  return { method: "GET", url, headers, socket };
}

function isHeaders(value: unknown): value is IncomingHttpHeaders {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every(
      (header) =>
        typeof header === "string" ||
        (Array.isArray(header) && header.every((part) => typeof part === "string")),
    )
  );
}
