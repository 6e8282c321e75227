const item = { kind: "tcp", listener: "lines", meta: {}, inputBytes: 0, outputBytes: 0 };
const entry = { name: "count", version: 1, bytes: 1, sha256: "0".repeat(64) };

export const documentsOfSender: readonly object[] = [
  { type: "prepare", batch: 1, items: [item] },
  { type: "prepare", batch: 2, items: [item, { ...item, meta: { at: 1 }, inputBytes: 3 }] },
  { type: "go", batch: 1 },
  { type: "go", batch: 2 },
  { type: "state", entries: [entry] },
  { type: "end" },
];

export const documentsOfReceiver: readonly object[] = [
  { type: "received", batch: 1, refused: [] },
  { type: "received", batch: 1, refused: [0] },
  { type: "received", batch: 2, refused: [0, 1] },
];

const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;

/** What must not be believed: sizes that nobody has, things that come twice, and what is nested without end. */
export const knownOfSender: readonly Buffer[] = [
  JSON.stringify({ type: "prepare", batch: 1, items: [{ ...item, inputBytes: 2 ** 52 }] }),
  JSON.stringify({ type: "prepare", batch: 1, items: [{ ...item, inputBytes: 1e308, outputBytes: 1e308 }] }),
  JSON.stringify({ type: "prepare", batch: 900, items: [item] }),
  `{"type":"prepare","batch":1,"items":[{"kind":"tcp","listener":"lines","meta":${deep},"inputBytes":0,"outputBytes":0}]}`,
  JSON.stringify({ type: "state", entries: [{ ...entry, bytes: 2 ** 52 }] }),
  "[".repeat(65_536),
].map((text) => Buffer.from(text));

export const knownOfReceiver: readonly Buffer[] = [
  JSON.stringify({ type: "received", batch: 1, refused: [0, 0] }),
  JSON.stringify({ type: "received", batch: 1, refused: [1e20] }),
  JSON.stringify({ type: "received", batch: 1, refused: Array.from({ length: 9_000 }, () => 0) }),
].map((text) => Buffer.from(text));
