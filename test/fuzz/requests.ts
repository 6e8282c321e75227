import fc from "fast-check";

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const method = fc.oneof(
  fc.constantFrom("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PRI"),
  token,
);
const text = fc.stringMatching(/^[ -~]{0,60}$/);
const path = fc.oneof(
  fc.constantFrom(
    "/",
    "*",
    "//v1/stop",
    "/v1/stop/",
    "/v1/../v1/stop",
    "/V1/stop",
    "http://h/v1/stop",
    "/v2/stop",
  ),
  fc.constantFrom(
    "/v1/upgrades/0",
    "/v1/upgrades/-1",
    "/v1/upgrades/99999999999999999999?wait",
    "/v1/upgrades/99",
  ),
  fc.webPath().map((tail) => `/v1/no${tail}`),
  text.map((tail) => `/${tail.replaceAll(" ", "%20")}x`),
);
const header = fc.oneof(
  fc.tuple(token, text).map(([name, value]) => `${name}: ${value}`),
  fc.constantFrom(
    "Expect: 100-continue",
    "Expect: wonders",
    "Upgrade: websocket\r\nConnection: Upgrade",
    "Connection: keep-alive",
    "Content-Length: 5",
    "Content-Length: 1e3",
    "Content-Length: -1",
    "Transfer-Encoding: gzip, chunked",
    "Host: a\r\nHost: b",
  ),
);
const headers = fc.array(header, { maxLength: 6 });
const body = fc.stringMatching(/^[ -~\r\n]{0,200}$/);

function request(line: string, headersOfIt: readonly string[], bodyOfIt = ""): Buffer {
  return Buffer.from([line, ...headersOfIt, "", bodyOfIt].join("\r\n"));
}

const garbage = fc.uint8Array({ maxLength: 4_000 }).map((bytes) => Buffer.from(bytes));
const unknown = fc
  .tuple(method, path, headers, body)
  .map(([verb, target, fields, rest]) => request(`${verb} ${target} HTTP/1.1`, fields, rest));
const huge = fc
  .tuple(
    fc.constantFrom("/v1/stop", "/v1/upgrade?wait", "/v1/drain"),
    fc.constantFrom(
      `X: ${"x".repeat(9_000)}`,
      `${"y".repeat(9_000)}: 1`,
      Array.from({ length: 2_500 }, (_, index) => `X-${index}: 1`).join("\r\n"),
      "Content-Length: 1025",
      "Content-Length: 99999999999999999999",
      "Transfer-Encoding: chunked",
    ),
    fc.nat(300_000),
  )
  .map(([target, field, size]) => request(`POST ${target} HTTP/1.1`, [field], "z".repeat(size)));
const cut = fc
  .tuple(fc.constantFrom("/v1/stop", "/v1/reexec", "/v1/upgrade?wait"), headers, fc.nat())
  .map(([target, fields, at]) => {
    const whole = request(`POST ${target} HTTP/1.1`, fields);
    return whole.subarray(0, at % (whole.length - 1));
  });
/** May turn out to be a good request: only what holds for all of them holds for these. */
const spoiled = fc
  .tuple(
    fc.constantFrom("GET /v1/status", "GET /v1/upgrades/7?wait", "POST /v1/upgrade?wait", "POST /v1/drain"),
    headers,
    fc.array(fc.tuple(fc.nat(400), fc.nat(3), fc.uint8Array({ maxLength: 3 })), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([line, fields, wounds]) =>
    wounds.reduce(
      (bytes, [at, lost, gained]) =>
        Buffer.concat([
          bytes.subarray(0, at % bytes.length),
          gained,
          bytes.subarray((at % bytes.length) + lost),
        ]),
      request(`${line} HTTP/1.1`, fields),
    ),
  );

/** Whatever of the first ones is sent, it is no request that is good; what is spoiled may be one. */
export const kinds = { garbage, unknown, huge, cut, spoiled };
