import { drainGeneration } from "./drain.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration, heldGeneration } from "./find.js";
import type { Generation } from "./generation-state.js";
import { conclude, pronounce } from "./outcome.js";
import { reject } from "./rejected.js";
import { newRequest } from "./request.js";
import { hasProved, whereToGoBack } from "./retired.js";
import { returnToHeld } from "./trial.js";
import { announce, type Turn, updateGeneration } from "./turn.js";

/** A judge has found the generation bad. What is not on trial or on probation any more is not judged. */
export function condemn(turn: Turn, id: number, why: string): void {
  const active = activeGeneration(turn.state);
  if (active?.id !== id || active.stage.phase !== "active") return;
  const { kind } = active.stage.proof;
  if (kind !== "trial" && kind !== "probation") return;
  const failure: ModelFailure = { reason: reasons[kind], message: `generation ${id} was on ${kind}: ${why}` };
  const refusal = refuseWayBack(active);
  if (refusal !== null) stay(turn, active, { ...failure, message: `${failure.message}; ${refusal}` });
  else if (kind === "trial") failTrial(turn, active, failure);
  else failProbation(turn, active, failure);
}

const reasons = { trial: "trial-failed", probation: "probation-failed" } as const;

function refuseWayBack({ noWayBack, specification: { plan } }: Generation): string | null {
  if (noWayBack === null || plan.rollback.loseState) return null;
  return `it serves on, because the version before cannot take its state (${noWayBack.message}); with \`rollback.lose_state = true\` what clients changed since is given up`;
}

/** What was there before serves again, at once; where it has drained meanwhile, it is started again. */
function failTrial(turn: Turn, failed: Generation, failure: ModelFailure): void {
  const held = heldGeneration(turn.state);
  const { upgrade } = turn.state;
  markBad(turn, failed, failure);
  if (held === undefined) leaveLater(turn, failed, failure);
  else returnToHeld(turn, held, failure);
  if (upgrade?.generation === failed.id) {
    conclude(turn, upgrade, failure);
    return;
  }
  // The upgrade that brought it was done when the trial began.
  conclude(turn, { ...newRequest(turn, "rollback"), generation: failed.id }, failure);
}

/** It serves, as well as it can, until what was proved before has been started. */
function failProbation(turn: Turn, failed: Generation, failure: ModelFailure): void {
  markBad(turn, failed, failure);
  leaveLater(turn, failed, failure);
  announce(turn, "error", "generation-rejected", failure.message, { generation: failed.id });
}

/** What has proved itself before, and was only started once more, stays what can be gone back to. */
export function markBad(
  turn: Turn,
  failed: Generation,
  failure: ModelFailure,
  by: "judge" | "start" = "judge",
): void {
  if (!hasProved(turn.state, failed)) reject(turn, failed, by, failure);
}

function leaveLater(turn: Turn, { id }: Generation, failure: ModelFailure): void {
  const generation = activeGeneration(turn.state);
  if (generation?.stage.phase !== "active") return;
  const hopeless = whereToGoBack(turn.state, generation) === null;
  const message = hopeless ? `${failure.message}; nothing is there to go back to` : failure.message;
  const retryAt = hopeless ? null : turn.clock.now;
  updateGeneration(turn, id, {
    stage: { ...generation.stage, proof: { kind: "rejected", failure: { ...failure, message }, retryAt } },
  });
  pronounce(turn, id, { kind: "rejected", failure });
}

/** Bad as it is, to leave it would lose what clients did meanwhile. */
function stay(turn: Turn, { id, stage }: Generation, failure: ModelFailure): void {
  if (stage.phase !== "active") return;
  const held = heldGeneration(turn.state);
  updateGeneration(turn, id, { stage: { ...stage, proof: { kind: "rejected", failure, retryAt: null } } });
  if (held !== undefined) drainGeneration(turn, held, { kind: "superseded", by: id });
  pronounce(turn, id, { kind: "rejected", failure });
  const { upgrade } = turn.state;
  if (upgrade?.generation === id) conclude(turn, upgrade, failure);
  else announce(turn, "error", "generation-rejected", failure.message, { generation: id });
}
