import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { ReasonOf } from "../lib/reasons.js";
import { inertJson } from "./ring.js";

/** Of every answer. Nothing from elsewhere runs in the page, nothing in it is inline, and no other page may show it. */
export const safeHeaders: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

export interface Body {
  readonly type: string;
  readonly bytes: Buffer;
  /** For ever: whoever has it asks for it no more. */
  readonly immutable?: boolean;
  readonly gzipped?: Buffer;
}

/** What browsers take compressed, compressed once for all of them. */
export function withGzip(body: Body): Body {
  return { ...body, gzipped: gzipSync(body.bytes) };
}

export function sendBody(response: ServerResponse, status: number, body: Body, headers: object = {}): void {
  const { type, bytes, immutable = false, gzipped } = body;
  const packed = gzipped !== undefined && /\bgzip\b/.test(String(response.req.headers["accept-encoding"]));
  const sent = packed ? gzipped : bytes;
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": sent.length,
    "Cache-Control": immutable ? "public, max-age=31536000, immutable" : "no-store",
    ...(gzipped !== undefined && { Vary: "Accept-Encoding" }),
    ...(packed && { "Content-Encoding": "gzip" }),
    ...headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : sent);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendBody(response, status, { type: "application/json", bytes: Buffer.from(`${inertJson(value)}\n`) });
}

export interface Refusal {
  readonly status: 400 | 403 | 404 | 405 | 409 | 413 | 421 | 502 | 503;
  readonly reason: ReasonOf<"web" | "config" | "control" | "daemon" | "model" | "process" | "release">;
  readonly message: string;
}

/** For people who see it in a browser, too. */
export function sendRefusal(
  response: ServerResponse,
  { status, reason, message }: Refusal,
  headers: object = {},
): void {
  const bytes = Buffer.from(`${inertJson({ error: { reason, message } })}\n`);
  sendBody(response, status, { type: "application/json", bytes }, headers);
}
