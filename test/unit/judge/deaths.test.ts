import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DeathsBefore, judgeDeaths } from "../../../src/judge/deaths.js";

const hourMs = 3_600_000;
const probation = { workers: 2, windowMs: 60_000 };
const steady: DeathsBefore = { generation: 7, workers: 2, deaths: 0, servedMs: 24 * hourMs, likewise: 0 };

const cases: readonly (readonly [
  what: string,
  deaths: number,
  old: Partial<DeathsBefore>,
  verdict: "bad" | "undecided",
])[] = [
  ["none", 0, {}, "undecided"],
  ["one after a version that never lost a worker", 1, {}, "bad"],
  ["one where memory runs out every hour", 1, { deaths: 24 }, "undecided"],
  ["two within a minute where it runs out every hour", 2, { deaths: 24 }, "bad"],
  ["one where there was one a day", 1, { deaths: 1 }, "undecided"],
  ["one where there was one a month", 1, { deaths: 1, servedMs: 720 * hourMs }, "bad"],
  ["five, as at the begin of the version before", 5, { deaths: 5, likewise: 5 }, "undecided"],
  ["six where there were five at the begin of the version before", 6, { deaths: 5, likewise: 5 }, "bad"],
  ["five where there were five once in a month", 5, { deaths: 5, servedMs: 720 * hourMs }, "bad"],
  ["six in two workers where one worker lost three", 6, { deaths: 3, likewise: 3, workers: 1 }, "undecided"],
  [
    "one in two workers where four workers lost one",
    1,
    { deaths: 1, likewise: 1, workers: 4, servedMs: 720 * hourMs },
    "undecided",
  ],
];

for (const [what, deaths, old, verdict] of cases) {
  test(`deaths: ${what}: ${verdict}`, () => {
    assert.equal(judgeDeaths({ ...probation, deaths }, { ...steady, ...old }).verdict, verdict);
  });
}

test("a death is bad where there was no version before", () => {
  assert.deepEqual(judgeDeaths({ ...probation, deaths: 1 }, null), { verdict: "bad", why: "a worker died" });
});

test("the reason says how often workers died, and those of the version before", () => {
  const why = (deaths: number, before: number) => {
    const verdict = judgeDeaths({ ...probation, deaths }, { ...steady, deaths: before });
    return verdict.verdict === "bad" ? verdict.why : "";
  };
  assert.equal(why(1, 0), "a worker died; of generation 7 none died in 24 h");
  assert.equal(why(3, 24), "workers died 3 times; of generation 7 24 died in 24 h");
});

const before: fc.Arbitrary<DeathsBefore> = fc.record({
  generation: fc.constant(7),
  workers: fc.integer({ min: 1, max: 64 }),
  deaths: fc.nat({ max: 1_000 }),
  servedMs: fc.integer({ min: 1, max: 1_000 * hourMs }),
  likewise: fc.nat({ max: 10 }),
});
const now = fc.record({
  deaths: fc.nat({ max: 100 }),
  workers: fc.integer({ min: 1, max: 64 }),
  windowMs: fc.integer({ min: 0, max: hourMs }),
});

test("more deaths never turn bad into undecided, nor do fewer of the version before", () => {
  fc.assert(
    fc.property(now, before, fc.nat({ max: 10 }), (now, old, more) => {
      if (judgeDeaths(now, old).verdict !== "bad") return;
      assert.equal(judgeDeaths({ ...now, deaths: now.deaths + more }, old).verdict, "bad");
      const fewer = Math.max(0, old.deaths - more);
      assert.equal(judgeDeaths(now, { ...old, deaths: fewer }).verdict, "bad");
    }),
    { numRuns: 2_000 },
  );
});

test("a version is not called bad for what the one before lost in as long", () => {
  fc.assert(
    fc.property(now, before, (now, old) => {
      const alike = { ...old, workers: now.workers, likewise: now.deaths };
      assert.equal(judgeDeaths(now, alike).verdict, "undecided");
      const asOften = {
        ...old,
        workers: now.workers,
        deaths: now.deaths,
        servedMs: Math.max(1, now.windowMs),
      };
      if (now.windowMs > 0) assert.equal(judgeDeaths(now, asOften).verdict, "undecided");
    }),
  );
});

/** P(N >= deaths) of Poisson's distribution. */
function tail(expected: number, deaths: number): number {
  let probability = Math.exp(-expected);
  let below = 0;
  for (let n = 0; n < deaths; n++) {
    below += probability;
    probability *= expected / (n + 1);
  }
  return 1 - below;
}

test("a version that dies at random as often as the one before is called bad less than once in a thousand upgrades", () => {
  for (let expected = 1e-5; expected < 20; expected *= 1.05) {
    const servedMs = 100 * hourMs;
    const old = { ...steady, servedMs, deaths: (expected * servedMs) / probation.windowMs };
    let least = 1;
    while (judgeDeaths({ ...probation, deaths: least }, old).verdict !== "bad") least++;
    assert.ok(tail(expected, least) < 0.001, `${least} deaths where ${expected} are expected`);
  }
});
