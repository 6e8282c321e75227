import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../../src/lib/duration.js";

const spans: readonly (readonly [text: string, ms: number])[] = [
  ["30s", 30_000],
  ["30 sec", 30_000],
  ["500ms", 500],
  ["2min", 120_000],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["1m 30s", 90_000],
  ["1m30s", 90_000],
  [" 1 h 1 ms ", 3_600_001],
  ["24h", 86_400_000],
];

for (const [text, ms] of spans) {
  test(`"${text}" is ${ms} ms`, () => {
    assert.deepEqual(parseDuration(text), { ok: true, value: ms });
  });
}

const refused: readonly (readonly [text: string, why: RegExp])[] = [
  ["", /write a number with a unit/],
  ["30", /unit is missing; write "30s"/],
  ["1m 30", /unit is missing/],
  ["0s", /more than zero/],
  ["24h 1ms", /at most "24h"/],
  [`${"9".repeat(400)}h`, /at most "24h"/],
  ["5 fortnights", /"fortnights" is not a unit; known are ms, s, sec, m, min, h/],
  ["-5s", /whole numbers/],
  ["1.5s", /whole numbers|unit is missing/],
  ["s", /whole numbers/],
  ["infinity", /whole numbers/],
];

for (const [text, why] of refused) {
  test(`"${text.slice(0, 20)}" is refused with the reason`, () => {
    const result = parseDuration(text);
    assert.ok(!result.ok);
    assert.equal(result.failure.reason, "duration-invalid");
    assert.match(result.failure.message, why);
  });
}

const shown: readonly (readonly [ms: number, text: string])[] = [
  [-1, "0 s"],
  [Number.NaN, "0 s"],
  [0, "0 s"],
  [4.2, "4 ms"],
  [99, "99 ms"],
  [99.7, "0.1 s"],
  [410, "0.41 s"],
  [1_500, "1.5 s"],
  [9_994, "9.99 s"],
  [9_996, "10 s"],
  [12_300, "12 s"],
  [59_600, "1 min"],
  [185_000, "3 min 5 s"],
  [3_599_700, "1 h"],
  [7_800_000, "2 h 10 min"],
];

for (const [ms, text] of shown) {
  test(`${ms} ms is shown as "${text}"`, () => {
    assert.equal(formatDuration(ms), text);
  });
}

test("what is shown for whole seconds and whole minutes reads back as the same span", () => {
  const exact = fc.oneof(
    fc.integer({ min: 1, max: 3_599 }).map((seconds) => seconds * 1_000),
    fc.integer({ min: 1, max: 24 * 60 }).map((minutes) => minutes * 60_000),
  );
  fc.assert(
    fc.property(exact, (ms) => {
      assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, value: ms });
    }),
  );
});

test("no text makes reading a time span throw, and what is read is within bounds", () => {
  const pieces = fc.array(fc.constantFrom("1", "0", "99", "s", "ms", "min", "h", " ", "-", ".", "µs", "\n"));
  const any = fc.oneof(
    fc.string({ unit: "binary" }),
    pieces.map((list) => list.join("")),
  );
  fc.assert(
    fc.property(any, (text) => {
      const result = parseDuration(text);
      if (result.ok) assert.ok(result.value > 0 && result.value <= 86_400_000);
    }),
    { numRuns: 2_000 },
  );
});
