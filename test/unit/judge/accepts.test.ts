import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Acceptance, judgeAccepts } from "../../../src/judge/accepts.js";

const unseen: Acceptance = {
  acceptedByNew: false,
  probesAnsweredBy: "old",
  queued: 0,
  stillForMs: 0,
  alone: false,
};
const stuck: Acceptance = {
  ...unseen,
  probesAnsweredBy: "nobody",
  queued: 12,
  stillForMs: 2_000,
  alone: true,
};

const cases: readonly (readonly [what: string, seen: Acceptance, verdict: string])[] = [
  ["its own counters say so", { ...unseen, acceptedByNew: true }, "seen"],
  ["it took the daemon's connection", { ...unseen, probesAnsweredBy: "new" }, "seen"],
  ["the old version took the daemon's connection", unseen, "undecided"],
  ["who took it cannot be seen, but the queue can", { ...unseen, probesAnsweredBy: "unknown" }, "undecided"],
  ["nothing can be seen", { ...unseen, probesAnsweredBy: "unknown", queued: null }, "blind"],
  ["clients wait and nobody comes", stuck, "bad"],
  ["clients wait, but not for long yet", { ...stuck, stillForMs: 1_999 }, "undecided"],
  ["clients wait beside the old version", { ...stuck, alone: false }, "undecided"],
  ["nobody waits", { ...stuck, queued: 0 }, "undecided"],
  ["clients wait for a version that once took some", { ...stuck, acceptedByNew: true }, "bad"],
];

for (const [what, seen, verdict] of cases) {
  test(`accepts: ${what}: ${verdict}`, () => {
    assert.equal(judgeAccepts(seen).verdict, verdict);
  });
}

test("the reason says how many wait, and for how long", () => {
  assert.deepEqual(judgeAccepts(stuck), {
    verdict: "bad",
    why: "12 connections wait, and none has been accepted for 2 s",
  });
  assert.deepEqual(judgeAccepts({ ...stuck, queued: 1, stillForMs: 2_500 }), {
    verdict: "bad",
    why: "a connection waits, and none has been accepted for 2.5 s",
  });
});

test("what cannot be seen is never held against a version", () => {
  const acceptance: fc.Arbitrary<Acceptance> = fc.record({
    acceptedByNew: fc.boolean(),
    probesAnsweredBy: fc.constantFrom("new", "old", "nobody", "unknown"),
    queued: fc.constant(null),
    stillForMs: fc.nat(),
    alone: fc.boolean(),
  });
  fc.assert(fc.property(acceptance, (seen) => assert.notEqual(judgeAccepts(seen).verdict, "bad")));
});
