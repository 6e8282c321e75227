import fc from "fast-check";

/** What has been misread by somebody before: no text, no number, too much of it, or something that steers a terminal. */
const oddTexts = [
  "",
  "\0",
  "\n",
  "a\nREADY=1",
  "\r\n",
  "\u202e8.1 ready",
  "\u009b31m",
  "\u001b[2J",
  "\ud800",
  "__proto__",
  "constructor",
  "../../etc",
  " ",
  "1e20",
  "x".repeat(300),
];
const oddNumbers = [-1, 0.5, 2 ** 31, 2 ** 53, 1e20, 1e308, -0];
/** Stands in JSON for a number that JavaScript reads as Infinity. */
const infinite = "\u0001infinite\u0001";

export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...oddTexts, ...oddNumbers, infinite, null, true, [], {}),
  fc.constantFrom(300, 5_000).map((length) => Array.from({ length }, (_, index) => index)),
  fc.jsonValue({ maxDepth: 3 }),
);

const oddBytes = fc.oneof(
  fc.constantFrom(...oddTexts, "=", "[", '"', "{", "\\u0000", "1e999").map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
);

/** What is done to bytes, at a place that is counted round. */
type Wound = (bytes: Buffer, at: number) => Buffer;

const wound: fc.Arbitrary<Wound> = fc.oneof(
  fc.constant((bytes: Buffer, at: number) => bytes.subarray(0, at)),
  fc.tuple(fc.nat(8), oddBytes).map(
    ([lost, gained]): Wound =>
      (bytes, at) =>
        Buffer.concat([bytes.subarray(0, at), gained, bytes.subarray(at + lost)]),
  ),
  fc.nat(200).map(
    (length): Wound =>
      (bytes, at) =>
        Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]),
  ),
);

/** One of the samples, cut, changed, or as it is. */
export function wounded(samples: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(samples, fc.array(fc.tuple(wound, fc.nat()), { maxLength: 3 }))
    .map(([bytes, wounds]) => wounds.reduce((left, [hurt, at]) => hurt(left, at % (left.length + 1)), bytes));
}

/** What is done to one value somewhere in a JSON document; `undefined` removes it. */
type Change = (value: unknown) => unknown;

const change: fc.Arbitrary<Change> = fc.oneof(
  oddValue.map(
    (value): Change =>
      () =>
        value,
  ),
  fc.constant((): undefined => undefined),
  fc.constant((value: unknown) => [value, value]),
  fc.tuple(fc.constantFrom(...oddTexts), oddValue).map(
    ([key, value]): Change =>
      (before) =>
        isObject(before) ? { ...before, [key]: value } : before,
  ),
);

/** The text of one of the documents, with values in it exchanged, removed or added. */
export function changedJson(documents: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return fc
    .tuple(documents, fc.array(fc.tuple(change, fc.nat()), { maxLength: 3 }))
    .map(([document, changes]) => {
      const whole = changes.reduce(
        (left, [alter, at]) => changeAt(left, at, alter),
        structuredClone(document),
      );
      return writeJson(whole);
    });
}

export function writeJson(value: unknown): string {
  return (JSON.stringify(value) ?? "null").replaceAll(JSON.stringify(infinite), "1e999");
}

/** Counts the values of a document, itself among them, round. */
function changeAt(document: unknown, at: number, alter: Change): unknown {
  let left = at % count(document);
  const visit = (value: unknown): unknown => {
    if (left-- === 0) return alter(value);
    if (Array.isArray(value)) return value.map(visit);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]));
  };
  return visit(document);
}

function count(value: unknown): number {
  const inner = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  return inner.reduce<number>((sum, one) => sum + count(one), 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
