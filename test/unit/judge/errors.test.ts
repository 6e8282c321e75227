import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeErrors, type Responses } from "../../../src/judge/errors.js";

const side = (generation: number, failed: number, responses: number): Responses => ({
  generation,
  responses,
  failed,
});
const judge = (now: readonly [failed: number, of: number], old: readonly [failed: number, of: number]) =>
  judgeErrors(side(8, ...now), side(7, ...old)).verdict;

/** Numbers as [failed, of]. */
const numbers = fc
  .nat({ max: 100_000 })
  .chain((of) => fc.tuple(fc.nat({ max: of }), fc.constant(of)) as fc.Arbitrary<[number, number]>);
const withTwoFailed = fc.nat({ max: 100_000 }).chain((of) => {
  const failed = fc.nat({ max: of });
  return fc.tuple(failed, failed, fc.constant(of)).map(([a, b, of]) => ({
    fewer: [Math.min(a, b), of] as const,
    more: [Math.max(a, b), of] as const,
  }));
});
/** Where things are decided: few responses, and shares of all sizes. */
const few = fc
  .integer({ min: 1, max: 400 })
  .chain((of) => fc.tuple(fc.nat({ max: of }), fc.constant(of)) as fc.Arbitrary<[number, number]>);

const cases: readonly (readonly [
  what: string,
  now: readonly [number, number],
  old: readonly [number, number],
  verdict: "bad" | "undecided",
])[] = [
  ["all of 20 after a good version", [20, 20], [0, 6_000], "bad"],
  ["all of 19, which are too few", [19, 19], [0, 6_000], "undecided"],
  ["all of 50 beside a good version with as many", [50, 50], [0, 50], "bad"],
  ["five of 20, however good the old one was", [5, 20], [0, 1_000_000], "undecided"],
  ["six of 20 after a very good version", [6, 20], [0, 1_000_000], "bad"],
  ["8 % where there were 2 %", [400, 5_000], [1_200, 60_000], "bad"],
  ["6.9 % where there were 2 %: less than the margin", [6_900, 100_000], [1_200, 60_000], "undecided"],
  ["all, as before: health checks that were never answered well", [900, 900], [6_000, 6_000], "undecided"],
  ["fewer than before", [10, 1_000], [3_000, 6_000], "undecided"],
];

for (const [what, now, old, verdict] of cases) {
  test(`errors: ${what}: ${verdict}`, () => {
    assert.equal(judge(now, old), verdict);
  });
}

test("the reason has the numbers of both versions in it", () => {
  const verdict = judgeErrors(side(8, 41, 52), side(7, 0, 310));
  assert.ok(verdict.verdict === "bad");
  assert.equal(verdict.why, "41 of 52 responses failed (78.8 %), 0 of 310 (0 %) of generation 7");
});

test("with nothing known of the version before, only one that fails nearly everything is bad", () => {
  const alone = (failed: number, responses: number) => judgeErrors(side(8, failed, responses), null);
  assert.deepEqual(alone(123, 123), {
    verdict: "bad",
    why: "123 of 123 responses failed (100 %), and nothing is known of the version before",
  });
  assert.equal(alone(80, 80).verdict, "undecided");
  assert.equal(alone(950, 1_000).verdict, "bad");
  for (const responses of [100, 1_000, 100_000, 10_000_000]) {
    assert.equal(alone(responses * 0.75, responses).verdict, "undecided");
  }
});

test("an old version without a response is one of which nothing is known", () => {
  fc.assert(
    fc.property(numbers, ([failed, of]) => {
      const now = side(8, failed, of);
      assert.deepEqual(judgeErrors(now, side(7, 0, 0)), judgeErrors(now, null));
    }),
  );
});

test("more failures never turn bad into undecided", () => {
  fc.assert(
    fc.property(withTwoFailed, numbers, ({ fewer, more }, old) => {
      if (judge(fewer, old) === "bad") assert.equal(judge(more, old), "bad");
    }),
    { numRuns: 2_000 },
  );
});

test("more failures of the old version never turn undecided into bad", () => {
  fc.assert(
    fc.property(few, withTwoFailed, (now, { fewer, more }) => {
      if (judge(now, more) === "bad") assert.equal(judge(now, fewer), "bad");
    }),
    { numRuns: 2_000 },
  );
});

test("whoever looks longer at the same shares is not less sure", () => {
  const known = few.map(([failed, of]) => [failed + 50, of + 100] as const);
  fc.assert(
    fc.property(few, known, fc.integer({ min: 2, max: 1_000 }), (now, old, times) => {
      if (judge(now, old) !== "bad") return;
      assert.equal(judge([now[0] * times, now[1] * times], [old[0] * times, old[1] * times]), "bad");
    }),
    { numRuns: 2_000 },
  );
});

test("versions that fail alike are never bad, nor is one that fails less", () => {
  fc.assert(
    fc.property(
      few,
      fc.integer({ min: 100, max: 1_000 }),
      fc.nat({ max: 50 }),
      ([failed, of], times, less) => {
        assert.equal(judge([Math.max(0, failed - less), of], [failed * times, of * times]), "undecided");
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a difference within the margin is never bad, whatever the margin", () => {
  const margins = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(numbers, numbers, margins, ([failed, of], [failedBefore, before], margin) => {
      const settings = { margin, leastRequests: 20 };
      const verdict = judgeErrors(side(8, failed, of), side(7, failedBefore, before + 100), settings);
      const difference = failed / of - failedBefore / (before + 100);
      if (verdict.verdict === "bad") assert.ok(difference > margin);
    }),
    { numRuns: 2_000 },
  );
});
