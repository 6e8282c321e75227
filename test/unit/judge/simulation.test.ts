import assert from "node:assert/strict";
import { test } from "node:test";
import { binomial, seeded } from "../../simulation/chance.js";
import { simulateUpgrades, trialSeconds } from "../../simulation/simulate-upgrade.js";

const times = 200;

test("good upgrades are not called bad, whatever their traffic, their share of errors, and a client's tries again", () => {
  const chance = seeded(7);
  for (const clump of [1, 4]) {
    for (const share of [0, 0.001, 0.02, 0.2]) {
      for (const requestsPerSecond of [1, 10, 100, 1_000]) {
        const upgrade = { requestsPerSecond, oldShare: share, newShare: share, clump };
        assert.deepEqual(simulateUpgrades(chance, times, upgrade), [], JSON.stringify(upgrade));
      }
    }
  }
});

const caught: readonly (readonly [newShare: number, requestsPerSecond: number, withinSeconds: number])[] = [
  [1, 10, trialSeconds + 3],
  [1, 100, trialSeconds],
  [1, 1_000, trialSeconds],
  [0.2, 10, 60],
  [0.2, 100, 15],
  [0.2, 1_000, trialSeconds],
  [0.08, 100, 60],
  [0.08, 1_000, 15],
];

for (const [newShare, requestsPerSecond, withinSeconds] of caught) {
  test(`${newShare * 100} % of errors at ${requestsPerSecond} requests a second are caught within ${withinSeconds} s`, () => {
    const chance = seeded(11);
    for (const oldShare of [0, 0.02]) {
      const delays = simulateUpgrades(chance, times, { requestsPerSecond, oldShare, newShare });
      const inTime = delays.filter((seconds) => seconds <= withinSeconds);
      assert.ok(inTime.length >= 0.98 * times, `${inTime.length} of ${times} after ${oldShare * 100} %`);
    }
  });
}

test("the simulation's dice are fair", () => {
  const chance = seeded(3);
  for (const [tries, share] of [
    [10, 0.2],
    [1_000, 0.02],
    [50, 0.9],
    [20_000, 0.2],
  ] as const) {
    const draws = Array.from({ length: 20_000 }, () => binomial(chance, tries, share));
    const mean = draws.reduce((sum, drawn) => sum + drawn, 0) / draws.length;
    const variance = draws.reduce((sum, drawn) => sum + (drawn - mean) ** 2, 0) / draws.length;
    const expected = tries * share * (1 - share);
    assert.ok(Math.abs(mean - tries * share) < 5 * Math.sqrt(expected / draws.length));
    assert.ok(Math.abs(variance / expected - 1) < 0.06);
  }
});
