import { nothingCounted, nothingOpen } from "../../../src/lib/counters.js";

/** Stands for the number of the question that is answered. */
export const asked = 4_711_471_147;

const entry = { name: "count", version: 1, bytes: 1, sha256: "0".repeat(64) };
const counters = { ...nothingOpen, ...nothingCounted };

/** One of each that a worker may send. */
export const documents: readonly object[] = [
  { type: "hello", protocol: 3, library: "fuzz" },
  { type: "ready" },
  { type: "leaving" },
  { type: "saved", query: asked, entries: [entry, { ...entry, name: "other" }], failure: null },
  { type: "verdict", query: asked, failure: "this version cannot count" },
  { type: "want", request: 1, address: "127.0.0.1:8081" },
  { type: "status", text: "fine" },
  { type: "report", query: asked, servers: [{ listener: "http", kind: "http", counters }] },
  { type: "report", query: 0, servers: [{ listener: "http", kind: "http", counters }] },
];

const report = (accepted: string): string =>
  JSON.stringify({
    type: "report",
    query: 0,
    servers: [{ listener: "http", kind: "http", counters: { ...counters, accepted: 1 } }],
  }).replace('"accepted":1', `"accepted":${accepted}`);

/** What once stopped a daemon, was written so that it could not be read, or was shown as it came. */
export const knownPackets: readonly Buffer[] = [
  // Each number is longer when it is written again: 64 KiB become more.
  `{"type":"saved","query":${asked},"failure":null,"entries":[${Array(256)
    .fill(`{"name":"${"n".repeat(120)}","version":1e20,"bytes":1e20,"sha256":"${"0".repeat(64)}"}`)
    .join()}]}`,
  report("1e308"),
  report("1e999"),
  report("9007199254740993"),
  `{"type":"status","text":"fine\\n8.1     ready"}`,
  `{"type":"status","text":"\\u202eydaer\\u009b2J"}`,
  `{"type":"saved","query":${asked},"entries":[],"failure":"${"x".repeat(60_000)}"}`,
  `{"type":"want","request":1,"address":"${"[".repeat(200)}"}`,
  `{"type":"${"\\u202e".repeat(50)}"}`,
  "[".repeat(65_536),
  `{"type":"ready"}${" ".repeat(65_536)}`,
].map((text) => Buffer.from(text));
