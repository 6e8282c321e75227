import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { peerOf } from "../../../src/daemon/recover/own-sockets.js";
import { countSockets } from "../worker/carriers/tcp/rig.js";
import { type Rig, startServer, until } from "./rig.js";

const requestTimeoutMs = 60;
const patienceMs = 5_000;

/** How a client behaves that has sent what it has to say. */
type Ending = "waits" | "half-closes" | "resets" | "never reads";

interface Attempt {
  readonly bytes: Buffer;
  /** Where the bytes are cut into pieces that are sent one after the other. */
  readonly cuts: readonly number[];
  readonly pauseMs: number;
  readonly ending: Ending;
}

/** Sends the pieces and returns what was answered by the time the connection has ended; the server has to end it. */
async function attempt(socketPath: string, { bytes, cuts, pauseMs, ending }: Attempt): Promise<string> {
  const socket = connect(socketPath);
  let answer = "";
  if (ending !== "never reads") socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
  // The server may close before it has read all that is sent.
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const bounds = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, end] of bounds.slice(1).entries()) {
    if (socket.destroyed || !socket.writable) break;
    socket.write(bytes.subarray(bounds[index], end));
    await delay(pauseMs);
  }
  if (ending === "half-closes") socket.end();
  if (ending === "resets") socket.destroy();
  // Only by reading it learns that the server had closed meanwhile.
  if (ending === "never reads") await delay(2 * requestTimeoutMs).then(() => socket.resume());
  const late = setTimeout(() => socket.destroy(new Error("late")), patienceMs);
  await closed;
  clearTimeout(late);
  assert.notEqual(
    socket.errored?.message,
    "late",
    `kept open for ${patienceMs} ms: ${JSON.stringify(answer)}`,
  );
  return answer;
}

/** After the interim answer that a client may have asked for. */
function statusIn(answer: string): number | undefined {
  const final = answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");
  if (final === "") return undefined;
  assert.match(final, /^HTTP\/1\.1 \d{3} /);
  return Number(final.slice(9, 12));
}

const ending = fc.constantFrom<Ending>("waits", "half-closes", "resets", "never reads");
const delivery = {
  cuts: fc.array(fc.nat(20_000), { maxLength: 4 }),
  pauseMs: fc.constantFrom(0, 0, 1, 30),
  ending,
};
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

const kinds = { garbage, unknown, huge, cut, spoiled };

/** Does what clients do all at once, then sees that the server serves as before and has let go of all of them. */
async function withstand(
  { socketPath, port }: Rig,
  attempts: readonly Attempt[],
): Promise<readonly string[]> {
  const before = countSockets();
  const answers = await Promise.all(attempts.map((one) => attempt(socketPath, one)));
  await until(() => countSockets() === before && port.listeners.size === 0);
  const served = await attempt(socketPath, {
    bytes: request("GET /v1/version HTTP/1.1", []),
    cuts: [],
    pauseMs: 0,
    ending: "waits",
  });
  assert.equal(statusIn(served), 200);
  return answers;
}

for (const [kind, bytes] of Object.entries(kinds)) {
  const certain = kind !== "spoiled";
  const promised = certain ? "is refused or cut off, and does nothing" : "is answered, refused or cut off";
  test(`whatever is sent (${kind}) ${promised}; the server serves on and keeps no connection`, async (context) => {
    const rig = await startServer(context, {
      peerOf,
      rightOf: ({ uid }) => (uid === process.getuid?.() ? "act" : undefined),
      requestTimeoutMs,
    });
    const { port } = rig;
    port.conclude(7);
    port.onSubmit = () => setImmediate(() => [...port.pending].forEach((id) => void port.conclude(id)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ bytes, ...delivery }), { minLength: 1, maxLength: 24 }),
        async (attempts) => {
          for (const answer of await withstand(rig, attempts)) {
            const status = statusIn(answer);
            const refused = status === undefined || (status >= 400 && status < 500);
            assert.ok(refused || (!certain && (status === 200 || status === 202)), answer);
          }
          if (certain) assert.deepEqual(port.commands, []);
        },
      ),
      { numRuns: 25, interruptAfterTimeLimit: 30_000 },
    );
  });
}
