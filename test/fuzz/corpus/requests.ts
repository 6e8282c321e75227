/** Requests that are none, or that must not be taken for another one. */
export const badRequests: readonly string[] = [
  "POST /v1/stop HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n",
  "POST /v1/stop HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /v1/stop HTTP/1.1\r\nholdfast-instance: another\r\n\r\n",
  "POST /v1/upgrades/1e20?wait HTTP/1.1\r\n\r\n",
  "GET /v1/upgrades/99999999999999999999?wait HTTP/1.1\r\n\r\n",
  "POST /v1/rollback?to=1e308 HTTP/1.1\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
];

/** They are good, with words that are not. */
export const oddRequests: readonly string[] = [
  "POST /v1/upgrade?message=%ff%fe HTTP/1.1\r\n\r\n",
  "POST /v1/upgrade?message=%00 HTTP/1.1\r\n\r\n",
  `POST /v1/upgrade?message=${"x".repeat(7_000)} HTTP/1.1\r\n\r\n`,
];
