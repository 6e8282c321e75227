import { drainGeneration } from "./drain.js";
import { activeGeneration, findGeneration, type Generation, type State } from "./state.js";
import { beginTrial, dropHeld } from "./trial.js";
import { act, announce, type Turn, update, updateGeneration } from "./turn.js";
import { conclude } from "./upgrade.js";

/**
 * The point of no return of an upgrade: the candidate becomes active and the old generation is told to drain. It counts when it is on
 * disk: the loop does not take a state that {@link commits} and cannot be written.
 */
export function commit(turn: Turn, candidate: Generation): void {
  const old = activeGeneration(turn.state);
  const trial = old !== undefined && (turn.state.upgrade?.hold ?? false);
  updateGeneration(turn, candidate.id, { stage: { phase: "active", since: turn.clock.wall, trial } });
  update(turn, { lifecycle: { phase: "running" } });
  announce(turn, "info", "generation-active", `generation ${candidate.id} is active`, {
    generation: candidate.id,
  });
  dropHeld(turn, candidate.id);
  if (trial) beginTrial(turn, old, candidate.id);
  else if (old !== undefined) drainGeneration(turn, old, { kind: "superseded", by: candidate.id });
  act(turn, { type: "restore-backlogs" });
  if (turn.state.upgrade !== null) conclude(turn, turn.state.upgrade, null);
}

/** Whether the two states disagree about who is active: the step that must never be taken without being persisted. */
export function commits(before: State, after: State): boolean {
  const active = activeGeneration(after);
  return active !== undefined && findGeneration(before, active.id)?.stage.phase !== "active";
}
