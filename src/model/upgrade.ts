import { formatDuration } from "../lib/duration.js";
import type { Failure } from "../lib/failure.js";
import { drainGeneration } from "./drain.js";
import { isSame, whatToRepeat } from "./retired.js";
import {
  activeGeneration,
  candidateGeneration,
  heldGeneration,
  type Outcome,
  type State,
  type Upgrade,
  type UpgradeKind,
  type UpgradeRequest,
} from "./state.js";
import { returnsToHeld, returnToHeld } from "./trial.js";
import { act, announce, type Turn, update } from "./turn.js";

const outcomesKept = 8;

/** One upgrade runs, at most one waits, and a further request joins the one that waits: the last one says what it is. */
export function requestUpgrade(
  turn: Turn,
  kind: UpgradeKind,
  wish: Partial<Pick<UpgradeRequest, "to" | "hold">> = {},
): void {
  const { to = null, hold = false } = wish;
  const { state } = turn;
  if (state.queued !== null) {
    update(turn, { queued: { ...state.queued, kind, to, hold } });
    return;
  }
  const request: UpgradeRequest = { id: state.nextUpgrade, kind, to, hold, requestedAt: turn.clock.now };
  update(turn, { nextUpgrade: request.id + 1 });
  const refusal = refuse(state, request);
  if (refusal !== null) {
    conclude(turn, { ...request, generation: null }, refusal);
  } else if (state.upgrade !== null) {
    update(turn, { queued: request });
    announce(turn, "info", "upgrade-queued", `upgrade ${request.id} waits for upgrade ${state.upgrade.id}`, {
      upgrade: request.id,
    });
  } else {
    beginUpgrade(turn, request);
  }
}

function refuse(state: State, { kind, to }: UpgradeRequest): Failure | null {
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
  if (
    kind === "rollback" &&
    heldGeneration(state) === undefined &&
    whatToRepeat(state, { kind, to }) === null
  ) {
    const known = state.retired.map(({ generation }) => generation).join(", ");
    if (known === "") return nothingBefore;
    const message = `cannot roll back to generation ${to}: what can be returned to is ${known} (\`holdfast history\`)`;
    return { ...nothingBefore, message };
  }
  return null;
}

/** Whether nothing serves until it has ended: it is tried whatever the disk says. */
export function isStart(kind: UpgradeKind): boolean {
  return kind === "start" || kind === "fallback";
}

/** The request that waited is judged once more: what was allowed when it came may not be any longer. */
export function beginQueued(turn: Turn, request: UpgradeRequest): void {
  update(turn, { queued: null });
  const refusal = refuse(turn.state, request);
  if (refusal === null) beginUpgrade(turn, request);
  else conclude(turn, { ...request, generation: null }, refusal);
}

function beginUpgrade(turn: Turn, request: UpgradeRequest): void {
  const upgrade: Upgrade = { ...request, generation: null };
  const held = returnsToHeld(turn, request);
  if (held !== undefined) {
    returnToHeld(turn, held);
    conclude(turn, { ...request, generation: held.id }, null);
    return;
  }
  update(turn, { upgrade });
  announce(turn, "info", "upgrade-started", `upgrade ${request.id} (${request.kind}) started`, {
    upgrade: request.id,
  });
  prepare(turn, upgrade);
}

export function prepare(turn: Turn, upgrade: Upgrade): void {
  const again = whatToRepeat(turn.state, upgrade);
  if (again === null && repeats(upgrade)) abort(turn, nothingBefore);
  else act(turn, { type: "prepare", upgrade: upgrade.id, again });
}

function repeats({ kind }: Upgrade): boolean {
  return kind === "rollback" || kind === "fallback";
}

const nothingBefore: Failure = {
  reason: "nothing-before",
  message: "cannot roll back: no generation before this one is known",
};

/**
 * Ends the running upgrade before its commit. The active generation has nothing to undo; where there is none, what ran
 * last is started instead, and failing that the service ends.
 */
export function abort(turn: Turn, failure: Failure): void {
  const { upgrade, lifecycle } = turn.state;
  const candidate = candidateGeneration(turn.state);
  // What happened comes before what follows from it: that is the order in the log.
  if (upgrade !== null) conclude(turn, upgrade, failure);
  if (candidate !== undefined) drainGeneration(turn, candidate, { kind: "failed", failure });
  if (upgrade === null) return;
  if (lifecycle.phase !== "starting") return;
  const last = turn.state.retired.at(-1);
  const hopeless = candidate !== undefined && last !== undefined && isSame(turn.state, candidate, last);
  if (upgrade.kind === "start" && last !== undefined && !hopeless) {
    announce(
      turn,
      "error",
      "fallback",
      `what ran last, as generation ${last.generation}, is started instead`,
    );
    const { nextUpgrade } = turn.state;
    update(turn, { nextUpgrade: nextUpgrade + 1 });
    // Before any request that waits: that one is for a service that runs.
    beginUpgrade(turn, {
      id: nextUpgrade,
      kind: "fallback",
      to: null,
      hold: false,
      requestedAt: turn.clock.now,
    });
  } else {
    const start = turn.state.outcomes.findLast(({ kind }) => kind === "start");
    const first = upgrade.kind === "fallback" ? (start?.failure ?? failure) : failure;
    update(turn, { lifecycle: { phase: "stopping", failure: first } });
  }
}

/** Ends the request that waits, too. */
export function abortAll(turn: Turn, failure: Failure): void {
  const { queued } = turn.state;
  abort(turn, failure);
  if (queued === null) return;
  update(turn, { queued: null });
  conclude(turn, { ...queued, generation: null }, failure);
}

export function conclude(turn: Turn, upgrade: Upgrade, failure: Failure | null): void {
  const { id, kind, generation, requestedAt } = upgrade;
  const tookMs = turn.clock.now - requestedAt;
  const outcome: Outcome = { upgrade: id, kind, generation, failure, endedAt: turn.clock.wall, tookMs };
  update(turn, {
    upgrade: turn.state.upgrade?.id === id ? null : turn.state.upgrade,
    outcomes: [...turn.state.outcomes, outcome].slice(-outcomesKept),
  });
  act(turn, { type: "record", entry: { kind: "upgrade", outcome } });
  if (failure === null) {
    announce(turn, "info", "upgrade-done", `upgrade ${id} took ${formatDuration(tookMs)}`, { upgrade: id });
  } else {
    const serving = activeGeneration(turn.state);
    const rest = serving === undefined ? "" : `; still serving generation ${serving.id}`;
    announce(turn, "error", "upgrade-failed", `upgrade ${id} failed: ${failure.message}${rest}`, {
      upgrade: id,
    });
  }
}
