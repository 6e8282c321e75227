import { commit } from "./commit.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration, findGeneration, stagedGeneration } from "./find.js";
import type { Generation } from "./generation-state.js";
import { conclude } from "./outcome.js";
import type { Plan } from "./plan.js";
import { refuseRejected } from "./refuse-rejected.js";
import { newRequest } from "./request.js";
import { endTrial } from "./trial.js";
import { act, announce, type Turn, update, updateGeneration } from "./turn.js";
import { failCandidate, refuse } from "./upgrade.js";
import type { Asked } from "./upgrade-state.js";

/** So that whoever looks gives up first: it knows more. */
export const spareMs = 1_000;
/** For the state of one old worker: two questions of 5 s at most, there and back (`daemon/perform/verify.ts`). */
const stateTrialMs = 20_000;

export function beginVerifying(turn: Turn, { id, specification: { plan } }: Generation): void {
  const givers = activeGeneration(turn.state)?.workers.filter((worker) => worker.native).length ?? 0;
  const deadline =
    turn.clock.now + givers * stateTrialMs + warmingMs(plan) + (plan.verify?.timeoutMs ?? 0) + spareMs;
  updateGeneration(turn, id, { stage: { phase: "candidate", step: "verifying", deadline } });
  act(turn, { type: "verify", generation: id });
}

/** To be warm is a part of being ready, and gets the same time again. */
export function warmingMs({ warm, ready }: Pick<Plan, "warm" | "ready">): number {
  return warm.length === 0 ? 0 : ready.timeoutMs;
}

export function candidateVerified(
  turn: Turn,
  id: number,
  failure: ModelFailure | null,
  noWayBack: ModelFailure | null,
): void {
  const candidate = findGeneration(turn.state, id);
  if (candidate?.stage.phase !== "candidate" || candidate.stage.step !== "verifying") return;
  if (turn.state.lifecycle.phase === "leaving") return;
  if (failure !== null) {
    failCandidate(turn, failure);
    return;
  }
  announce(turn, "info", "generation-verified", `generation ${id} is verified`, { generation: id });
  updateGeneration(turn, id, { noWayBack });
  accept(turn, candidate);
}

export function accept(turn: Turn, candidate: Generation): void {
  const { upgrade } = turn.state;
  // It may have failed meanwhile in another generation.
  if (refuseRejected(turn, candidate)) return;
  if (!upgrade?.stage) {
    commit(turn, candidate);
    return;
  }
  const { id } = candidate;
  updateGeneration(turn, id, { stage: { phase: "candidate", step: "staged", deadline: null } });
  announce(turn, "info", "staged", `generation ${id} stands by: \`holdfast commit\` lets it serve`, {
    generation: id,
  });
  conclude(turn, upgrade, null);
}

/**
 * Somebody decides for the new generation: the one on trial is kept; the one that stands by is verified once more, since much may have
 * changed in the meantime, and committed by an upgrade of its own, which goes through the trial as ever.
 */
export function keepNew(turn: Turn, asked: Asked | null): void {
  const staged = stagedGeneration(turn.state);
  if (staged === undefined) {
    endTrial(turn);
    return;
  }
  const request = newRequest(turn, "upgrade", { force: true, asked });
  const refusal = refuse(turn.state, request);
  if (refusal !== null) {
    conclude(turn, { ...request, generation: null }, refusal);
    return;
  }
  update(turn, { upgrade: { ...request, generation: staged.id } });
  beginVerifying(turn, staged);
}
