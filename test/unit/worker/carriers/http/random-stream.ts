type Random = (below: number) => number;

/** What a client does: sends bytes (latin1), waits until they have been read, or lets an upgrade happen. */
export type Step =
  | { readonly kind: "bytes"; readonly bytes: string }
  | { readonly kind: "pause" }
  | { readonly kind: "move" };

/** Some requests one after the other, whole or broken, in pieces, with upgrades at any place. */
export function createStream(random: Random): Step[] {
  const steps: Step[] = [];
  for (let left = 1 + random(5); left > 0; left -= 1) {
    cut(createMessage(random), random, steps);
    if (random(3) > 0) steps.push({ kind: "move" });
  }
  return steps;
}

function cut(text: string, random: Random, steps: Step[]): void {
  const whole = random(2) === 0;
  for (let at = 0; at < text.length; ) {
    const size = whole ? text.length : 1 + random(text.length);
    steps.push({ kind: "bytes", bytes: text.slice(at, at + size) });
    at += size;
    const next = random(8);
    if (next < 2) steps.push({ kind: "pause" });
    else if (next === 2) steps.push({ kind: "move" });
  }
}

function createMessage(random: Random): string {
  const kind = random(odds);
  if (kind === 0) return pick(random, strays);
  const request = createRequest(random);
  return kind === 1 ? spoil(request, random) : request;
}

const strays = [
  "\r\n",
  "\r\n\r\n",
  "\n",
  "garbage\r\n\r\n",
  "\0",
  " ",
  "GET",
  "HTTP/1.1 200 OK\r\n\r\n",
  "5\r\nhello\r\n0\r\n\r\n",
];
const paths = ["/", "/late", "/stream", "/early", "/close", "/empty", "/hints", "http://x/", "*", "/\xe9"];
const methods = ["GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"];
const oddMethods = ["CONNECT", "get", "QUERY", "BREW", ""];
const oddVersions = ["2.0", "0.9", "1.2", "x"];
const fields = [
  "Connection: keep-alive",
  "Connection: keep-alive",
  "Connection: Upgrade\r\nUpgrade: websocket",
  "Connection: keep-alive, upgrade\r\nUpgrade: echo",
  "Upgrade: h2c",
  "Expect: 100-continue",
  "X-Long: ".padEnd(2_000, "l"),
  "X-Empty:",
];
const oddFields = [
  "Connection: close",
  "Expect: more",
  "X-Longer: ".padEnd(20_000, "l"),
  "X-Folded: a\r\n b",
  "X-Spaced : a",
  "X-Zero: \0",
  "No colon",
  ": no name",
  "X-Bare: a\nX-B: b",
  "Host: y",
];
/** So often something usual is followed by something odd. */
const odds = 12;

function createRequest(random: Random): string {
  const odd = (): boolean => random(odds) === 0;
  const method = pick(random, odd() ? oddMethods : methods);
  const version = odd() ? pick(random, oddVersions) : pick(random, ["1.1", "1.1", "1.1", "1.0"]);
  const lines = [`${method} ${pick(random, paths)} HTTP/${version}`];
  if (!odd()) lines.push("Host: x");
  for (let left = random(4) - 1; left > 0; left -= 1) lines.push(pick(random, odd() ? oddFields : fields));
  const { head, body } = createBody(random);
  return `${[...lines, ...head].map((line) => `${line}\r\n`).join("")}\r\n${body}`;
}

function createBody(random: Random): { readonly head: readonly string[]; readonly body: string } {
  const bytes = "b".repeat(random(300));
  const chunk = `${bytes.length.toString(16)}${pick(random, ["", ";ext=1", ';a="b"'])}\r\n${bytes}\r\n`;
  switch (random(odds)) {
    case 0:
    case 1:
      return { head: [`Content-Length: ${bytes.length}`], body: bytes };
    case 2:
    case 3:
      return { head: ["Transfer-Encoding: chunked"], body: `${bytes === "" ? "" : chunk}0\r\n\r\n` };
    case 4:
      return { head: ["Transfer-Encoding: chunked", "Trailer: X-T"], body: "1\r\na\r\n0\r\nX-T: t\r\n\r\n" };
    case 5:
      return pick(random, [
        { head: ["Transfer-Encoding: chunked", "Content-Length: 3"], body: "0\r\n\r\n" },
        { head: ["Content-Length: 3", "Content-Length: 4"], body: "abcd" },
        { head: ["Content-Length: -1"], body: "" },
        { head: ["Transfer-Encoding: chunked"], body: "zz\r\n" },
        { head: ["Transfer-Encoding: gzip"], body: "abc" },
        { head: ["Content-Length: 5"], body: "abcdefgh" },
        { head: ["Transfer-Encoding: chunked, chunked"], body: "0\r\n\r\n" },
      ]);
    default:
      return { head: [], body: "" };
  }
}

/** One byte is another, missing, or twice. */
function spoil(text: string, random: Random): string {
  const at = random(text.length);
  const [before, after] = [text.slice(0, at), text.slice(at + 1)];
  return before + pick(random, [String.fromCharCode(random(256)), "", text.charAt(at).repeat(2)]) + after;
}

function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[random(from.length)];
  if (picked === undefined) throw new Error("there is nothing to choose from");
  return picked;
}
