import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countHealth, type HealthOutcome, judgeHealth } from "../../../src/judge/health.js";

const after = (outcomes: readonly HealthOutcome[]): number => outcomes.reduce(countHealth, 0);

test("three failed checks in a row are bad, and the reason says what the last one found", () => {
  const outcomes: HealthOutcome[] = ["unhealthy", "unhealthy"];
  assert.equal(judgeHealth(after(outcomes), "HTTP 503").verdict, "undecided");
  assert.deepEqual(judgeHealth(after([...outcomes, "unhealthy"]), "HTTP 503"), {
    verdict: "bad",
    why: "3 health checks in a row failed: HTTP 503",
  });
});

test("one failed check is enough where the admin says so", () => {
  assert.deepEqual(judgeHealth(1, "no answer in 5 s", 1), {
    verdict: "bad",
    why: "a health check failed: no answer in 5 s",
  });
});

test("a healthy answer begins the count anew", () => {
  const outcome = fc.constantFrom<HealthOutcome>("healthy", "unhealthy", "unknown");
  fc.assert(fc.property(fc.array(outcome), (outcomes) => assert.equal(after([...outcomes, "healthy"]), 0)));
});

test("a check that could not be made counts neither for nor against", () => {
  const outcome = fc.constantFrom<HealthOutcome>("healthy", "unhealthy", "unknown");
  fc.assert(
    fc.property(fc.array(outcome), (outcomes) => {
      assert.equal(after(outcomes), after(outcomes.filter((one) => one !== "unknown")));
    }),
  );
});
