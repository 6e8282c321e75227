import { formatDuration } from "../lib/duration.js";
import { drainGeneration } from "./drain.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration, heldGeneration } from "./find.js";
import type { Generation, Proof } from "./generation-state.js";
import { conclude, pronounce } from "./outcome.js";
import { beginProbation } from "./probation.js";
import { findRejected } from "./rejected.js";
import { trackOf } from "./track.js";
import { announce, type Turn, update, updateGeneration } from "./turn.js";
import type { UpgradeRequest } from "./upgrade-state.js";

/** The new generation is active, and the one before it serves on beside it: for `timeMs`, or until somebody decides. */
export function beginTrial(turn: Turn, held: Generation, id: number, timeMs: number | null): void {
  const { now, wall } = turn.clock;
  const before = trackOf(turn.state, held, now);
  const until = timeMs === null ? null : now + timeMs;
  updateGeneration(turn, held.id, { stage: { phase: "held", by: id } });
  updateGeneration(turn, id, {
    stage: { phase: "active", since: wall, proof: { kind: "trial", since: now, until, before } },
  });
  const span = timeMs === null ? "" : ` for ${formatDuration(timeMs)}`;
  const choice = until === null ? ": `holdfast commit` keeps it, `holdfast rollback` goes back" : "";
  const message = `generation ${id} is on trial${span} beside generation ${held.id}${choice}`;
  announce(turn, "info", "trial", message, { generation: id });
}

/** The new generation is kept: the one before it drains, and the upgrade is done. */
export function endTrial(turn: Turn): void {
  const active = activeGeneration(turn.state);
  if (active?.stage.phase !== "active" || active.stage.proof.kind !== "trial") return;
  const held = heldGeneration(turn.state);
  const before = held === undefined ? active.stage.proof.before : trackOf(turn.state, held, turn.clock.now);
  dropHeld(turn, active.id);
  beginProbation(turn, active.id, before, held?.proved ?? true);
  const { upgrade } = turn.state;
  if (upgrade?.generation === active.id) conclude(turn, upgrade, null);
}

/** Those that were held for another trial are needed no more. */
export function dropHeld(turn: Turn, by: number): void {
  const held = heldGeneration(turn.state);
  if (held !== undefined) drainGeneration(turn, held, { kind: "superseded", by });
}

/** Whether a rollback is no more than to let the generation serve that still does. */
export function returnsToHeld(
  turn: Turn,
  { kind, to }: Pick<UpgradeRequest, "kind" | "to">,
): Generation | undefined {
  const held = heldGeneration(turn.state);
  return kind === "rollback" && (to === null || to === held?.id) ? held : undefined;
}

/** The held generation is active again, as good or bad as it was, and the one on trial hands over to it. */
export function returnToHeld(turn: Turn, held: Generation, failure: ModelFailure): void {
  const left = activeGeneration(turn.state);
  const { now, wall } = turn.clock;
  const mark = findRejected(turn.state, held);
  const proof: Proof =
    mark?.by === "judge" ? { kind: "rejected", failure: mark.failure, retryAt: now } : { kind: "proved" };
  updateGeneration(turn, held.id, { stage: { phase: "active", since: wall, proof } });
  announce(turn, "info", "generation-active", `generation ${held.id} is active again`, {
    generation: held.id,
  });
  if (left === undefined) return;
  pronounce(turn, left.id, { kind: "rejected", failure });
  drainGeneration(turn, left, { kind: "rejected", by: held.id, failure });
  if (proof.kind === "proved") beginProbation(turn, held.id, null, false);
  update(turn, { rolledBack: { from: left.id, to: held.id, failure } });
}
