import type { HttpParser } from "./http-internals.js";

const request = Buffer.from("GET / HTTP/1.1\r\n\r\n");

/**
 * Shows a new parser a request of which nobody else hears. To Node a new parser is in the middle of a request's head,
 * and `headersTimeout` would answer 408 to a connection that is idle; after a request it is between two.
 */
export function pretendRequest(parser: HttpParser): void {
  const { onIncoming } = parser;
  parser.onIncoming = () => 0;
  parser.execute(request);
  parser.onIncoming = onIncoming;
  parser.incoming = null;
}
