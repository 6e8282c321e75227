/** A response as far as the load client looks at it. */
export interface Response {
  readonly status: number;
  readonly version: string;
  /** False when the server said `Connection: close`. */
  readonly keepsAlive: boolean;
  readonly body: string;
}

export type Parsed =
  | { readonly state: "partial" }
  | { readonly state: "whole"; readonly response: Response }
  | { readonly state: "bad"; readonly why: string };

const HEAD_LIMIT = 16_384;

/**
 * Reads one HTTP/1.1 response with a Content-Length (RFC 9112) from all bytes received since the request. Anything else, and a
 * byte too many, is bad: on a kept-alive connection it would be the answer to a request that was never sent.
 */
export function parseResponse(bytes: Buffer): Parsed {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) {
    return bytes.length > HEAD_LIMIT ? { state: "bad", why: "endless head" } : { state: "partial" };
  }
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined)
    return { state: "bad", why: `status line ${JSON.stringify(statusLine.slice(0, 80))}` };
  const headers = new Map(lines.map(splitHeader));
  const length = headers.get("content-length");
  if (length === undefined || !/^\d+$/.test(length)) return { state: "bad", why: "no Content-Length" };
  const bodyBytes = bytes.length - headEnd - 4;
  if (bodyBytes < Number(length)) return { state: "partial" };
  if (bodyBytes > Number(length))
    return { state: "bad", why: `${bodyBytes - Number(length)} bytes too many` };
  return {
    state: "whole",
    response: {
      status: Number(status),
      version: headers.get("x-version") ?? "none",
      keepsAlive: headers.get("connection")?.toLowerCase() !== "close",
      body: bytes.toString("utf8", headEnd + 4),
    },
  };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
