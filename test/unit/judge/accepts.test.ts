import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeAccepts, type Waiting } from "../../../src/judge/accepts.js";

const stuck: Waiting = { queued: 12, stillForMs: 2_000 };

const cases: readonly (readonly [what: string, seen: Waiting, verdict: string])[] = [
  ["clients wait and nobody comes", stuck, "bad"],
  ["clients wait, but not for long yet", { ...stuck, stillForMs: 1_999 }, "undecided"],
  ["nobody waits", { ...stuck, queued: 0 }, "undecided"],
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
  assert.deepEqual(judgeAccepts({ queued: 1, stillForMs: 2_500 }), {
    verdict: "bad",
    why: "a connection waits, and none has been accepted for 2.5 s",
  });
});
