import assert from "node:assert/strict";
import { test } from "node:test";
import { findGaps, layLane, readVisit, type Upgrade } from "../../bench/compare/read-visit.js";
import type { Visit } from "../../bench/compare/visit.js";

const visit: Visit = {
  startedAtMs: 1000,
  endedAtMs: 3000,
  responses: [
    [1100, "v1", 90],
    [1900, "v1", 2],
    [2050, "v1", null],
    [2150, "v2", 40],
    [2900, "v2", 1],
    [3500, "v2", 700],
  ],
  lost: [
    [1500, "before"],
    [2160, "after"],
  ],
  reopened: [1600, 2700],
  dropped: [2800],
  stalls: [
    [1200, 80],
    [2300, 7],
  ],
};
const upgrade: Upgrade = { beganAtMs: 2000, old: { what: "gone", atMs: 2500 } };

test("only what happened from the upgrade until the visitors left counts", () => {
  assert.deepEqual(readVisit(visit, upgrade, "v2"), {
    requests: 4,
    lost: 1,
    reopened: 1,
    dropped: 1,
    longestGapMs: 750,
    slowestMs: 40,
    longestStallMs: 7,
    firstNewMs: 150,
  });
});

test("a gap that began before the upgrade counts as long as it was", () => {
  const { longestGapMs } = readVisit({ ...visit, endedAtMs: 2100 }, upgrade, "v2");
  assert.equal(longestGapMs, 200);
});

test("a slow response ends no gap", () => {
  const gaps = findGaps({ ...visit, responses: [...visit.responses.slice(0, 3)] }, 1000);
  assert.deepEqual(gaps, [{ fromMs: 1900, toMs: 3000 }]);
});

test("a server that never answers again has a gap until the end", () => {
  const gaps = findGaps({ ...visit, responses: visit.responses.slice(0, 2) }, 500);
  assert.deepEqual(gaps, [
    { fromMs: 1100, toMs: 1900 },
    { fromMs: 1900, toMs: 3000 },
  ]);
});

test("a version that never came has no first response", () => {
  assert.equal(readVisit(visit, upgrade, "v3").firstNewMs, null);
});

test("a lane counts from the upgrade, and has nothing of what came after the visit", () => {
  const lane = layLane(visit, upgrade, { name: "a", bucketMs: 100, gapMs: 700 });
  assert.deepEqual(
    [...(lane.counts.get("v1") ?? [])],
    [
      [-9, 1],
      [-1, 1],
      [0, 1],
    ],
  );
  assert.deepEqual(lane.lostAtMs, [-500, 160]);
  assert.deepEqual(
    [...(lane.counts.get("v2") ?? [])],
    [
      [1, 1],
      [9, 1],
    ],
  );
  assert.equal(lane.oldGoneAtMs, 500);
  assert.equal(lane.endedAtMs, 1000);
  assert.deepEqual(lane.gaps, [
    { fromMs: -900, toMs: -100 },
    { fromMs: 150, toMs: 900 },
  ]);
});

test("old processes that never go, or that there are none of, have no end in a lane", () => {
  for (const old of [{ what: "there" }, { what: "none" }] as const) {
    const lane = layLane(visit, { ...upgrade, old }, { name: "a", bucketMs: 100, gapMs: 700 });
    assert.equal(lane.oldGoneAtMs, null);
  }
});
