import { drainGeneration } from "./drain.js";
import { activeGeneration, findGeneration, serves } from "./find.js";
import type { DrainReason, Generation } from "./generation-state.js";
import { conclude } from "./outcome.js";
import { beginProbation } from "./probation.js";
import { forgive, leftByHand, reject } from "./rejected.js";
import { hasProved, isSame } from "./retired.js";
import type { State } from "./state.js";
import { trackOf } from "./track.js";
import { beginTrial, dropHeld } from "./trial.js";
import { act, announce, type Turn, update, updateGeneration } from "./turn.js";
import type { Upgrade } from "./upgrade-state.js";

/**
 * The point of no return of an upgrade: the candidate becomes active, and serves. It counts when it is on disk: the loop does not
 * take a state that {@link commits} and cannot be written. The generation before is held as long as the new one is on trial, and
 * the upgrade is done when the trial is; without a trial it is told to drain at once.
 */
export function commit(turn: Turn, candidate: Generation): void {
  const { upgrade } = turn.state;
  const { id } = candidate;
  const { now, wall } = turn.clock;
  const old = activeGeneration(turn.state);
  const repeats = upgrade !== null && isRepeat(upgrade);
  const proved = hasProved(turn.state, candidate);
  const trialMs = proved && repeats ? 0 : howLongOnTrial(candidate, upgrade);
  updateGeneration(turn, id, {
    servesSince: now,
    proved,
    stage: { phase: "active", since: wall, proof: { kind: "proved" } },
  });
  update(turn, { lifecycle: { phase: "running" }, failedStart: null });
  announce(turn, "info", "generation-active", `generation ${id} is active`, { generation: id });
  dropHeld(turn, id);
  act(turn, { type: "restore-backlogs" });
  const why = remember(turn, candidate, old, upgrade);
  if (old !== undefined && trialMs !== 0) {
    beginTrial(turn, old, id, trialMs);
    if (trialMs !== null) return;
  } else {
    const left = old === undefined ? null : trackOf(turn.state, old, now);
    if (old !== undefined) drainGeneration(turn, old, why);
    beginProbation(turn, id, left, old?.proved ?? false);
  }
  if (upgrade !== null) conclude(turn, upgrade, null);
}

/** Null: until somebody decides. Where only one generation may have the state there is none. */
function howLongOnTrial({ specification: { plan } }: Generation, upgrade: Upgrade | null): number | null {
  if (upgrade?.hold) return null;
  return plan.strategy === "exclusive" ? 0 : plan.trial.timeMs;
}

/** Which way this goes. What a rollback leaves is not to come back by itself; what somebody upgrades to may. */
export function remember(
  turn: Turn,
  candidate: Generation,
  old: Generation | undefined,
  upgrade: Upgrade | null,
): DrainReason {
  const superseded = { kind: "superseded", by: candidate.id } as const;
  if (upgrade === null || !isRepeat(upgrade)) {
    forgive(turn, candidate);
    update(turn, { rolledBack: null });
    return superseded;
  }
  if (old === undefined || upgrade.kind !== "rollback" || isSame(turn.state, old, candidate))
    return superseded;
  const proof = old.stage.phase === "active" ? old.stage.proof : undefined;
  const failure = proof?.kind === "rejected" ? proof.failure : leftByHand(old.id, upgrade.asked);
  if (proof?.kind !== "rejected") reject(turn, old, "rollback", failure);
  // A rollback is a generation of its own, of the snapshot of another.
  const to = candidate.snapshot ?? upgrade.to ?? candidate.id;
  update(turn, { rolledBack: { from: old.id, to, failure } });
  return { kind: "rejected", by: candidate.id, failure };
}

export function isRepeat({ kind }: Pick<Upgrade, "kind">): boolean {
  return kind === "rollback" || kind === "fallback";
}

/**
 * Whether a candidate has become active between the two states, or what was active makes room for one: the steps that must never be
 * taken without being persisted.
 */
export function commits(before: State, after: State): boolean {
  const active = activeGeneration(after);
  if (active === undefined) {
    return after.lifecycle.phase === "starting" && activeGeneration(before) !== undefined;
  }
  const known = findGeneration(before, active.id);
  return known === undefined || !serves(known);
}
