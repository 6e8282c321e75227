import { readFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { Server } from "node:net";
import { join } from "node:path";
import type { parseBehaviour } from "./behaviour.js";

/** What the requests of all protocols have. */
export interface Asked {
  readonly url?: string | undefined;
  on(event: "end", heard: () => void): this;
  resume(): this;
}

export interface Responder {
  statusCode: number;
  end(text: string): unknown;
}

/** A server of what the behaviour says; certificates are read when it is made. */
export function createPuppetServer(
  { protocol, certificates }: ReturnType<typeof parseBehaviour>,
  answer: (request: Asked, response: Responder) => void,
): Server {
  const keepAliveTimeout = 60_000;
  const read = () => ({
    key: readFileSync(join(certificates, "key.pem")),
    cert: readFileSync(join(certificates, "cert.pem")),
  });
  switch (protocol) {
    case "http":
      return http.createServer({ keepAliveTimeout }, answer);
    case "https":
      return https.createServer({ ...read(), keepAliveTimeout }, answer);
    case "h2c":
      return http2.createServer(answer);
    case "h2":
      return http2.createSecureServer(read(), answer);
    default:
      return protocol satisfies never;
  }
}
