import { type CounterName, nothingCounted } from "../../../src/lib/counters.js";
import type { Plan } from "../../../src/model/plan.js";
import { Story } from "./story.js";

export const trialMs = 3_000;
export const probationMs = 60_000;

/** What each version of these stories has to come through. */
export const judged: Partial<Plan> = {
  snapshot: true,
  trial: { timeMs: trialMs, share: null },
  probation: { timeMs: probationMs },
  judge: { deaths: true, accepts: false, errors: 0.05, slowMs: null, health: null, command: null },
};

/** Generation 1 serves, and is proved: there was nothing to compare it with. */
export function firstServes(change: Partial<Plan> = {}): Story {
  return new Story().start({ ...judged, release: "/1", ...change });
}

/** What is asked for is copied, started and ready. */
export function bring(story: Story, release: string, change: Partial<Plan> = {}): Story {
  return story.candidate({ ...judged, release, ...change }).allReady();
}

/** Generation 2 is on trial beside generation 1, which has served for an hour. */
export function onTrial(change: Partial<Plan> = {}): Story {
  return bring(firstServes(change).pass(3_600_000).request(), "/2", change);
}

/** Generation 2 serves alone, on probation. */
export function onProbation(change: Partial<Plan> = {}): Story {
  return onTrial(change).after(trialMs).end(1);
}

/** Generation 2 serves, and is proved; generation 1 can be returned to. */
export function secondServes(change: Partial<Plan> = {}): Story {
  return onProbation(change).after(probationMs);
}

export function phases({ state }: Story): string[] {
  return state.generations.map(({ id, stage }) => {
    return `${id} ${stage.phase === "active" ? `active ${stage.proof.kind}` : stage.phase}`;
  });
}

/** The outcomes since the start: of which kind, and why not. */
export function told({ state }: Story): string[] {
  return state.outcomes.slice(1).map(({ kind, failure }) => `${kind} ${failure?.reason ?? "done"}`);
}

/** Worker 0 of the generation tells all that it has answered since it began. */
export function count(story: Story, generation: number, sums: Partial<Record<CounterName, number>>): Story {
  const pid = story.pidOf(generation, 0) ?? 0;
  const listeners = [{ listener: "http", ...nothingCounted, ...sums }];
  return story.send({ type: "counted", counts: [{ generation, index: 0, pid, listeners }] });
}

/** What became of it, as whoever waits hears. */
export function verdictOf({ state }: Story, generation: number): string | undefined {
  return state.outcomes.find((one) => one.generation === generation)?.verdict?.kind;
}

/** A judge says so. */
export function isBad(story: Story, generation = 2): Story {
  return story.send({ type: "judged-bad", generation, why: "it is bad" });
}
