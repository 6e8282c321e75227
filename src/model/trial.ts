import { drainGeneration } from "./drain.js";
import { activeGeneration, type Generation, heldGeneration, type UpgradeRequest } from "./state.js";
import { announce, type Turn, updateGeneration } from "./turn.js";

/** The generation on trial failed when the one before it had drained: the daemon then asks for a rollback by itself. */
export const trialFailedAlone = "trial-failed-alone";

/** `upgrade --hold`: the new generation is active, and the one before it serves on beside it until somebody decides. */
export function beginTrial(turn: Turn, held: Generation, by: number): void {
  updateGeneration(turn, held.id, { stage: { phase: "held", by } });
  const choice = "`holdfast commit` keeps it, `holdfast rollback` goes back";
  announce(turn, "info", "trial", `generation ${by} is on trial beside generation ${held.id}: ${choice}`, {
    generation: by,
  });
}

/** The new generation is kept: the one before it drains. */
export function endTrial(turn: Turn): void {
  const active = activeGeneration(turn.state);
  if (active?.stage.phase !== "active") return;
  dropHeld(turn, active.id);
  if (active.stage.trial) updateGeneration(turn, active.id, { stage: { ...active.stage, trial: false } });
}

/** Those that were held for another trial are needed no more. */
export function dropHeld(turn: Turn, by: number): void {
  const held = heldGeneration(turn.state);
  if (held !== undefined) drainGeneration(turn, held, { kind: "superseded", by });
}

/** Whether a rollback is no more than to let the generation serve that still does. */
export function returnsToHeld(turn: Turn, { kind, to }: UpgradeRequest): Generation | undefined {
  const held = heldGeneration(turn.state);
  return kind === "rollback" && (to === null || to === held?.id) ? held : undefined;
}

/** The held generation is active again, and the one on trial hands over to it. */
export function returnToHeld(turn: Turn, held: Generation): void {
  const failed = activeGeneration(turn.state);
  updateGeneration(turn, held.id, { stage: { phase: "active", since: turn.clock.wall, trial: false } });
  announce(turn, "info", "generation-active", `generation ${held.id} is active again`, {
    generation: held.id,
  });
  if (failed !== undefined) drainGeneration(turn, failed, { kind: "superseded", by: held.id });
}
