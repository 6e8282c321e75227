import { type ServerResponse, STATUS_CODES } from "node:http";
import { version } from "../lib/version.js";
import type { Exposition } from "./port.js";
import type { ControlFailure } from "./replies.js";
import type { Refusal } from "./routes.js";

/**
 * In every answer: the daemon's version, so that a client of another one can say so, and the end of the connection,
 * so that no idle one takes the place of another client's.
 */
const commonHeaders = { Server: `holdfast/${version}`, Connection: "close" };

type Headers = Readonly<Record<string, string>>;

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Headers = {},
): void {
  send(response, status, "application/json", `${JSON.stringify(body)}\n`, headers);
}

export function sendMetrics(response: ServerResponse, metrics: Exposition): void {
  const { mediaType, text } = metrics(response.req.headers.accept);
  send(response, 200, mediaType, text, {});
}

function send(
  response: ServerResponse,
  status: number,
  mediaType: string,
  text: string,
  headers: Headers,
): void {
  response.writeHead(status, {
    ...commonHeaders,
    "Content-Type": mediaType,
    "Content-Length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

export function sendRefusal(response: ServerResponse, { status, failure, allow }: Refusal): void {
  sendJson(response, status, { error: failure }, allow === undefined ? {} : { Allow: allow });
}

/** The same as bytes, for a socket whose request could not be parsed. */
export function formatRefusal(status: 400 | 431, failure: ControlFailure): string {
  const text = `${JSON.stringify({ error: failure })}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Server: ${commonHeaders.Server}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
    `Connection: ${commonHeaders.Connection}`,
  ];
  return `${head.join("\r\n")}\r\n\r\n${text}`;
}

/** What may wait in memory for one client to read it; a line is some hundred bytes. */
const unsentLimitBytes = 64 * 1024;

/** Starts a stream of JSON lines: the client has the head at once, however long the first line takes. */
export function openStream(response: ServerResponse, headers: Headers = {}): void {
  response.writeHead(200, { ...commonHeaders, "Content-Type": "application/x-ndjson", ...headers });
  response.flushHeaders();
}

/** Sends a line. A client that does not read is cut off, so that it cannot make the daemon hold its news for it. */
export function sendLine(response: ServerResponse, line: object): void {
  if (response.destroyed || response.writableEnded) return;
  if (response.writableLength > unsentLimitBytes) response.destroy();
  else response.write(`${JSON.stringify(line)}\n`);
}
