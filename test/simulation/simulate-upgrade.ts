import { judgeErrors, type Responses } from "../../src/judge/errors.js";
import { binomial, type Chance } from "./chance.js";

export interface Upgrade {
  readonly requestsPerSecond: number;
  /** Share of failed responses, 0 to 1. */
  readonly oldShare: number;
  readonly newShare: number;
  /** So many failures come at once, at the same version. */
  readonly clump?: number;
}

export const trialSeconds = 3;
export const probationSeconds = 60;
/** How long the old version has served before. */
const servedSeconds = 600;

/**
 * One upgrade under the errors judge, asked each second: in the trial each request goes to either version and both are compared; in
 * the probation the new one alone is compared with all that the old one ever answered. The second at which the new one is
 * called bad, counted from the begin of the trial; null when it is never.
 */
export function simulateUpgrade(chance: Chance, upgrade: Upgrade): number | null {
  const { requestsPerSecond, oldShare, newShare, clump = 1 } = upgrade;
  const failures = (responses: number, share: number): number =>
    Math.min(responses, clump * binomial(chance, responses, share / clump));
  const more = (side: Responses, responses: number, share: number): Responses => ({
    generation: side.generation,
    responses: side.responses + responses,
    failed: side.failed + failures(responses, share),
  });
  let now: Responses = { generation: 8, responses: 0, failed: 0 };
  let old: Responses = { generation: 7, responses: 0, failed: 0 };
  const isBad = (): boolean => judgeErrors(now, old).verdict === "bad";

  for (let second = 1; second <= trialSeconds; second++) {
    const toNew = binomial(chance, requestsPerSecond, 0.5);
    now = more(now, toNew, newShare);
    old = more(old, requestsPerSecond - toNew, oldShare);
    if (isBad()) return second;
  }
  old = more(old, requestsPerSecond * servedSeconds, oldShare);
  now = { generation: 8, responses: 0, failed: 0 };
  for (let second = 1; second <= probationSeconds; second++) {
    now = more(now, requestsPerSecond, newShare);
    if (isBad()) return trialSeconds + second;
  }
  return null;
}

/** So many upgrades of one kind: the seconds after which those that were called bad were, in rising order. */
export function simulateUpgrades(chance: Chance, times: number, upgrade: Upgrade): readonly number[] {
  const delays: number[] = [];
  for (let run = 0; run < times; run++) {
    const delay = simulateUpgrade(chance, upgrade);
    if (delay !== null) delays.push(delay);
  }
  return delays.sort((a, b) => a - b);
}
