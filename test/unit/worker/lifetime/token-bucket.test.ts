import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Bucket,
  fill,
  isEmpty,
  take,
  untilFilledMs,
} from "../../../../src/worker/lifetime/token-bucket.js";

const rate = fc.double({ min: 0, max: 1_000, noNaN: true });
const steps = fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { maxLength: 50 });
const start = (tokens: number, perSecond: number): Bucket => ({ tokens, perSecond, atMs: 0 });

test("whoever takes whenever there is something takes no more than was there, what came, and one", () => {
  fc.assert(
    fc.property(fc.double({ min: -5, max: 50, noNaN: true }), rate, steps, (tokens, perSecond, times) => {
      let bucket = start(tokens, perSecond);
      let taken = 0;
      for (const elapsed of [0, ...times]) {
        bucket = fill(bucket, bucket.atMs + elapsed);
        while (!isEmpty(bucket)) {
          bucket = take(bucket);
          taken += 1;
        }
      }
      assert.ok(taken <= Math.max(0, tokens + (perSecond * bucket.atMs) / 1_000) + 1 + 1e-6);
      // And no less, where somebody looked at all, in steps that are too short for anything to be lost.
      if (times.length > 0 && times.every((elapsed) => elapsed <= 1_000)) {
        assert.ok(taken >= tokens + (perSecond * bucket.atMs) / 1_000 - 1e-6);
      }
    }),
  );
});

test("what nobody takes is no more than comes in a second, or one, or what was there", () => {
  fc.assert(
    fc.property(fc.double({ min: -5, max: 50, noNaN: true }), rate, steps, (tokens, perSecond, times) => {
      let bucket = start(tokens, perSecond);
      for (const elapsed of times) bucket = fill(bucket, bucket.atMs + elapsed);
      assert.ok(bucket.tokens <= Math.max(1, perSecond, tokens) + 1e-6);
    }),
  );
});

test("after the time that it names it is not empty, and not before", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -50, max: 0, noNaN: true }),
      fc.double({ min: 0.01, max: 1_000, noNaN: true }),
      (tokens, perSecond) => {
        const waitMs = untilFilledMs(start(tokens, perSecond));
        assert.equal(isEmpty(fill(start(tokens, perSecond), waitMs + 1)), false);
        if (waitMs > 1) assert.equal(isEmpty(fill(start(tokens, perSecond), waitMs - 1)), true);
      },
    ),
  );
  assert.equal(untilFilledMs(start(0, 0)), Number.POSITIVE_INFINITY);
  assert.equal(untilFilledMs(start(0.1, 0)), 0);
});
