import type { FailureOf } from "../lib/failure.js";
import type { Monotonic } from "./clock.js";
import { isRepeat } from "./commit.js";
import { drainGeneration } from "./drain.js";
import { failStart } from "./failed-start.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration, candidateGeneration, heldGeneration, stagedGeneration } from "./find.js";
import { conclude } from "./outcome.js";
import { leftByHand, reject } from "./rejected.js";
import { manner, newRequest, type Wish } from "./request.js";
import { isSame, passedOver, whatToRepeat, whereToGoBack } from "./retired.js";
import type { State } from "./state.js";
import { returnsToHeld, returnToHeld } from "./trial.js";
import { act, announce, type Turn, update, updateGeneration } from "./turn.js";
import type { Upgrade, UpgradeKind, UpgradeRequest } from "./upgrade-state.js";
import { markBad } from "./verdict.js";

/** One upgrade runs, at most one waits, and a further request joins the one that waits: the last one says what it is. */
export function requestUpgrade(turn: Turn, kind: UpgradeKind, wish: Wish = {}): void {
  const { state } = turn;
  if (state.queued !== null) {
    const joined = { ...state.queued, ...manner(kind), ...wish };
    update(turn, { queued: null });
    if (!goBack(turn, joined)) update(turn, { queued: joined });
    return;
  }
  const request = newRequest(turn, kind, wish);
  const refusal = refuse(state, request);
  if (refusal !== null) {
    conclude(turn, { ...request, generation: null }, refusal);
  } else if (goBack(turn, request)) {
    return;
  } else if (state.upgrade !== null) {
    update(turn, { queued: request });
    announce(turn, "info", "upgrade-queued", `upgrade ${request.id} waits for upgrade ${state.upgrade.id}`, {
      upgrade: request.id,
    });
  } else {
    beginUpgrade(turn, request);
  }
}

/** Why a request can neither be begun nor wait. */
export function refuse(
  state: State,
  { kind, to }: Pick<UpgradeRequest, "kind" | "to">,
): FailureOf<"model"> | null {
  const { phase } = state.lifecycle;
  if (phase === "stopping" || phase === "leaving") {
    return { reason: "stopping", message: "cannot upgrade: the service is being stopped" };
  }
  if (state.unwritable !== null && !isStart(kind)) {
    return {
      reason: "state-unwritable",
      message: `cannot upgrade while the state cannot be written: ${state.unwritable.message}`,
    };
  }
  const held = heldGeneration(state);
  const atHand = to === null ? (held ?? stagedGeneration(state)) : [held].find((one) => one?.id === to);
  if (kind === "rollback" && atHand === undefined && whatToRepeat(state, { kind, to }) === null) {
    const known = state.retired.map(({ generation }) => generation).join(", ");
    if (known === "" || to === null) return nothingBefore;
    const message = `cannot roll back to generation ${to}: what can be returned to is ${known} (\`holdfast history\`)`;
    return { ...nothingBefore, message };
  }
  return null;
}

/** Whether nothing serves until it has ended: it is tried whatever the disk says. */
export function isStart(kind: UpgradeKind): boolean {
  return kind === "start" || kind === "fallback";
}

/** Whether an upgrade is under way that has changed nothing yet: it can be given up. One on trial has been committed. */
export function isUncommitted(state: State): boolean {
  return isBeforeCommit(state) && !isStart(state.upgrade?.kind ?? "start");
}

/** The same for a start, which only leads to another start when it is given up. */
export function isBeforeCommit({ upgrade, generations }: State): boolean {
  if (upgrade === null) return false;
  return !generations.some(({ id, stage }) => id === upgrade.generation && stage.phase === "active");
}

/** The request that waited is judged once more: what was allowed when it came may not be any longer. */
export function beginQueued(turn: Turn, request: UpgradeRequest): void {
  update(turn, { queued: null });
  const refusal = refuse(turn.state, request);
  if (refusal === null) beginUpgrade(turn, request);
  else conclude(turn, { ...request, generation: null }, refusal);
}

function beginUpgrade(turn: Turn, request: UpgradeRequest): void {
  if (goBack(turn, request)) return;
  // One that stands by makes room.
  dropStaged(turn, { reason: "superseded", message: `upgrade ${request.id} was asked for meanwhile` });
  const upgrade: Upgrade = { ...request, generation: null };
  update(turn, { upgrade });
  announce(turn, "info", "upgrade-started", `upgrade ${request.id} (${request.kind}) started`, {
    upgrade: request.id,
  });
  if (request.kind === "rollback" && request.to === null) announcePassedOver(turn, request.id);
  prepare(turn, upgrade);
}

function announcePassedOver(turn: Turn, upgrade: number): void {
  for (const { generation } of passedOver(turn.state)) {
    const message = `generation ${generation} is passed over: it was replaced before it had proved itself; \`holdfast rollback ${generation}\` returns to it`;
    announce(turn, "info", "rollback-passes-over", message, { generation, upgrade });
  }
}

/**
 * A rollback that needs no new generation is done at once, also in the middle of a trial: what still serves is active again, what only
 * stands by goes.
 */
function goBack(turn: Turn, request: UpgradeRequest): boolean {
  const staged = stagedGeneration(turn.state);
  if (request.kind === "rollback" && request.to === null && staged !== undefined) {
    dropStaged(turn, { reason: "rolled-back", message: "it was told to go before it was committed" });
    conclude(turn, { ...request, generation: activeGeneration(turn.state)?.id ?? null }, null);
    return true;
  }
  const held = returnsToHeld(turn, request);
  const left = activeGeneration(turn.state);
  const { rolledBack } = turn.state;
  const idle = turn.state.upgrade === null && held === undefined;
  if (request.kind === "rollback" && request.to === null && idle && rolledBack !== null) {
    const message = `nothing to do: it has gone back to ${rolledBack.to} already; \`holdfast rollback GENERATION\` goes further`;
    announce(turn, "info", "rolled-back-already", message, { upgrade: request.id });
    conclude(turn, { ...request, generation: left?.id ?? null }, null);
    return true;
  }
  if (held === undefined || left === undefined) return false;
  const { upgrade } = turn.state;
  // Another upgrade is under way beside the trial: first this one has to end.
  if (upgrade !== null && upgrade.generation !== left.id) return false;
  const failure = leftByHand(left.id, request.asked);
  reject(turn, left, "rollback", failure);
  returnToHeld(turn, held, failure);
  if (upgrade !== null) conclude(turn, upgrade, failure);
  conclude(turn, { ...request, generation: held.id }, null);
  return true;
}

/** The candidate that stands by ends; nothing else notices. */
export function dropStaged(turn: Turn, failure: ModelFailure): void {
  const staged = stagedGeneration(turn.state);
  if (staged === undefined) return;
  drainGeneration(turn, staged, { kind: "failed", failure });
  announce(turn, "warning", "staged-ended", `generation ${staged.id} stands by no more: ${failure.message}`, {
    generation: staged.id,
  });
}

export function prepare(turn: Turn, upgrade: Upgrade): void {
  const again = whatToRepeat(turn.state, upgrade);
  if (again === null && isRepeat(upgrade)) abort(turn, nothingBefore);
  else act(turn, { type: "prepare", upgrade: upgrade.id, again });
}

const nothingBefore: FailureOf<"model"> = {
  reason: "nothing-before",
  message: "cannot roll back: no generation before this one is known",
};

/**
 * Ends the running upgrade before its commit. The active generation has nothing to undo; where there is none, what ran
 * last is started instead, and failing that the service ends.
 */
export function abort(turn: Turn, failure: ModelFailure): void {
  const { upgrade, lifecycle } = turn.state;
  const candidate = candidateGeneration(turn.state);
  // What happened comes before what follows from it: that is the order in the log.
  if (upgrade !== null) conclude(turn, upgrade, failure);
  if (candidate !== undefined) drainGeneration(turn, candidate, { kind: "failed", failure });
  if (upgrade === null) return;
  if (lifecycle.phase !== "starting") return;
  const last = whatToRepeat(turn.state, { kind: "fallback", to: null });
  const hopeless = candidate !== undefined && last !== null && isSame(turn.state, candidate, last);
  if (upgrade.kind !== "fallback" && last !== null && !hopeless) {
    announce(
      turn,
      "error",
      "fallback",
      `what ran last, as generation ${last.generation}, is started instead`,
    );
    beginFallback(turn);
  } else {
    const start = turn.state.outcomes.findLast(({ kind }) => kind !== "fallback");
    const first = upgrade.kind === "fallback" ? (start?.failure ?? failure) : failure;
    failStart(turn, first);
  }
}

/** What serves, or served last and well, is started in the place of the release on the disk. */
export function beginFallback(turn: Turn): void {
  // Before any request that waits: that one is for a service that runs.
  beginUpgrade(turn, newRequest(turn, "fallback"));
}

/**
 * The candidate has failed by itself. Where another version has ended to make room for it, clients have waited for that; so nothing tries it
 * again by itself. Whoever asks for an upgrade may have mended what it needs.
 */
export function failCandidate(turn: Turn, failure: ModelFailure): void {
  const { upgrade, lifecycle, failedStart } = turn.state;
  const candidate = candidateGeneration(turn.state);
  const madeRoom = lifecycle.phase === "starting" && failedStart === null;
  const isNew = upgrade?.kind === "upgrade" || upgrade?.kind === "restart";
  if (madeRoom && isNew && candidate !== undefined) markBad(turn, candidate, failure, "start");
  abort(turn, failure);
}

/** Ends the request that waits, too. */
export function abortAll(turn: Turn, failure: ModelFailure): void {
  const { queued } = turn.state;
  abort(turn, failure);
  if (queued === null) return;
  update(turn, { queued: null });
  conclude(turn, { ...queued, generation: null }, failure);
}

/** A way back that failed is tried again after this long. */
const retryMs = 60_000;

/** When what was judged bad is to be left; undefined as long as that cannot be begun, or there is no way back. */
export function leavesRejectedAt(state: State): Monotonic | undefined {
  const { upgrade, queued, lifecycle, unwritable } = state;
  const stage = state.generations.find((one) => one.stage.phase === "active")?.stage;
  if (stage?.phase !== "active" || stage.proof.kind !== "rejected") return undefined;
  const busy = upgrade !== null || queued !== null || lifecycle.phase !== "running";
  return busy || unwritable !== null ? undefined : (stage.proof.retryAt ?? undefined);
}

/** A generation that was judged bad is left for the last one that was proved. */
export function leaveRejected(turn: Turn): void {
  const at = leavesRejectedAt(turn.state);
  const active = activeGeneration(turn.state);
  if (at === undefined || at > turn.clock.now || active?.stage.phase !== "active") return;
  const { proof } = active.stage;
  if (proof.kind !== "rejected") return;
  const target = whereToGoBack(turn.state, active);
  const retryAt = target === null ? null : turn.clock.now + retryMs;
  updateGeneration(turn, active.id, { stage: { ...active.stage, proof: { ...proof, retryAt } } });
  if (target !== null) requestUpgrade(turn, "rollback", { to: target.generation });
}
