import { formatDuration } from "../lib/duration.js";
import type { Failure, Result } from "../lib/failure.js";
import { drainGeneration } from "./drain.js";
import type { Prepared } from "./event.js";
import { retire, whatRanBefore } from "./retired.js";
import {
  activeGeneration,
  candidateGeneration,
  findGeneration,
  type Generation,
  type Outcome,
  type State,
  type Upgrade,
  type UpgradeKind,
  type UpgradeRequest,
  type Worker,
} from "./state.js";
import { act, announce, liveWorkers, type Turn, update, updateGeneration } from "./turn.js";

const outcomesKept = 8;

/** One upgrade runs, at most one waits, and a further request joins the one that waits: the last one says what it is. */
export function requestUpgrade(turn: Turn, kind: UpgradeKind): void {
  const { state } = turn;
  if (state.queued !== null) {
    update(turn, { queued: { ...state.queued, kind } });
    return;
  }
  const request: UpgradeRequest = { id: state.nextUpgrade, kind, requestedAt: turn.clock.now };
  update(turn, { nextUpgrade: request.id + 1 });
  const refusal = refuse(state, kind);
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

function refuse(state: State, kind: UpgradeKind): Failure | null {
  const { phase } = state.lifecycle;
  if (phase === "stopping" || phase === "leaving") {
    return { reason: "stopping", message: "cannot upgrade: the service is being stopped" };
  }
  if (state.unwritable !== null && kind !== "start") {
    return {
      reason: "state-unwritable",
      message: `cannot upgrade while the state cannot be written: ${state.unwritable.message}`,
    };
  }
  if (kind === "rollback" && state.retired.length === 0) {
    return {
      reason: "nothing-before",
      message: "cannot roll back: no generation before this one is known",
    };
  }
  return null;
}

/** The request that waited is judged once more: what was allowed when it came may not be any longer. */
export function beginQueued(turn: Turn, request: UpgradeRequest): void {
  update(turn, { queued: null });
  const refusal = refuse(turn.state, request.kind);
  if (refusal === null) beginUpgrade(turn, request);
  else conclude(turn, { ...request, generation: null }, refusal);
}

function beginUpgrade(turn: Turn, request: UpgradeRequest): void {
  const upgrade: Upgrade = { ...request, generation: null };
  update(turn, { upgrade });
  announce(turn, "info", "upgrade-started", `upgrade ${request.id} (${request.kind}) started`, {
    upgrade: request.id,
  });
  prepare(turn, upgrade);
}

export function prepare(turn: Turn, upgrade: Upgrade): void {
  const specification = upgrade.kind === "rollback" ? whatRanBefore(turn.state) : null;
  act(turn, { type: "prepare", upgrade: upgrade.id, specification });
}

export function upgradePrepared(turn: Turn, id: number, result: Result<Prepared>): void {
  const { upgrade } = turn.state;
  if (result.ok)
    update(turn, { listeners: result.value.held, nextListener: nextListener(turn, result.value) });
  if (upgrade?.id !== id || upgrade.generation !== null) return;
  if (!result.ok) {
    abort(turn, result.failure);
    return;
  }
  const { specification, listeners } = result.value;
  const { plan } = specification;
  const generation: Generation = {
    id: turn.state.nextGeneration,
    specification,
    listeners,
    workers: [],
    createdAt: turn.clock.wall,
    stage: { phase: "candidate", step: "checking", deadline: turn.clock.now + plan.ready.timeoutMs },
  };
  update(turn, {
    nextGeneration: generation.id + 1,
    generations: [...turn.state.generations, generation],
    upgrade: { ...upgrade, generation: generation.id },
  });
  announce(turn, "info", "generation-created", `generation ${generation.id} from ${plan.release}`, {
    generation: generation.id,
    upgrade: id,
  });
  if (plan.check === null) {
    startCandidate(turn, generation);
  } else {
    act(turn, { type: "check", generation: generation.id });
  }
}

function nextListener(turn: Turn, { held }: Prepared): number {
  return held.reduce((next, { id }) => Math.max(next, id + 1), turn.state.nextListener);
}

export function candidateChecked(turn: Turn, id: number, failure: Failure | null): void {
  const generation = findGeneration(turn.state, id);
  if (generation?.stage.phase !== "candidate" || generation.stage.step !== "checking") return;
  if (failure !== null) {
    abort(turn, failure);
    return;
  }
  announce(turn, "info", "generation-checked", `generation ${id}: check passed`, { generation: id });
  startCandidate(turn, generation);
}

function startCandidate(turn: Turn, { id, specification: { plan } }: Generation): void {
  const deadline = turn.clock.now + plan.ready.timeoutMs;
  const workers = Array.from({ length: plan.workers }, (_, index): Worker => {
    return { index, crashes: 0, native: false, status: null, run: { phase: "spawning" } };
  });
  updateGeneration(turn, id, { workers, stage: { phase: "candidate", step: "starting", deadline } });
  for (const { index } of workers) act(turn, { type: "spawn", generation: id, index });
}

export function candidateOverdue(turn: Turn, generation: Generation): void {
  if (generation.stage.phase !== "candidate") return;
  const { plan } = generation.specification;
  const waited = formatDuration(plan.ready.timeoutMs);
  if (generation.stage.step === "checking") {
    abort(turn, { reason: "check-timeout", message: `the check command did not end within ${waited}` });
    return;
  }
  if (generation.stage.step === "verifying") {
    abort(turn, {
      reason: "verify-timeout",
      message: "the new version did not answer the verification in time",
    });
    return;
  }
  const late = generation.workers.filter(({ run }) => run.phase !== "ready").length;
  const message = `${late} of ${plan.workers} worker(s) not ready within ${waited}`;
  abort(turn, { reason: "start-timeout", message });
}

/** For the state of one old worker: two questions of 5 s at most (`daemon/verify.ts`). */
const stateTrialMs = 10_000;
/** So that whoever asks gives up first: it knows which worker it was. */
const spareMs = 1_000;

/** All workers of the candidate are ready: it is verified where the plan says so, then committed. */
export function advanceCandidate(turn: Turn): void {
  const candidate = candidateGeneration(turn.state);
  if (candidate?.stage.phase !== "candidate" || candidate.stage.step !== "starting") return;
  // The next daemon goes on, and still knows what it was left for.
  if (turn.state.lifecycle.phase === "leaving") return;
  if (!candidate.workers.every(({ run }) => run.phase === "ready")) return;
  const { verify, strategy } = candidate.specification.plan;
  const native = candidate.workers.some((worker) => worker.native);
  if (verify === null && strategy === "overlap" && !native) {
    commit(turn, candidate);
    return;
  }
  const givers = activeGeneration(turn.state)?.workers.filter((worker) => worker.native).length ?? 0;
  const deadline = turn.clock.now + givers * stateTrialMs + (verify?.timeoutMs ?? 0) + spareMs;
  updateGeneration(turn, candidate.id, { stage: { phase: "candidate", step: "verifying", deadline } });
  act(turn, { type: "verify", generation: candidate.id });
}

export function candidateVerified(turn: Turn, id: number, failure: Failure | null): void {
  const candidate = findGeneration(turn.state, id);
  if (candidate?.stage.phase !== "candidate" || candidate.stage.step !== "verifying") return;
  if (turn.state.lifecycle.phase === "leaving") return;
  if (failure !== null) {
    abort(turn, failure);
    return;
  }
  announce(turn, "info", "generation-verified", `generation ${id} is verified`, { generation: id });
  commit(turn, candidate);
}

/** The point of no return: the candidate becomes active and the old generation is told to drain. */
function commit(turn: Turn, candidate: Generation): void {
  const old = activeGeneration(turn.state);
  updateGeneration(turn, candidate.id, { stage: { phase: "active", since: turn.clock.wall } });
  update(turn, { lifecycle: { phase: "running" } });
  announce(turn, "info", "generation-active", `generation ${candidate.id} is active`, {
    generation: candidate.id,
  });
  activate(turn, candidate);
  if (old !== undefined) {
    const { id, specification } = old;
    update(turn, { retired: retire(turn.state.retired, { generation: id, specification }) });
    drainGeneration(turn, old, { kind: "superseded", by: candidate.id });
  }
  act(turn, { type: "restore-backlogs" });
  if (turn.state.upgrade !== null) conclude(turn, turn.state.upgrade, null);
}

/** What is due once a generation is active, done again by each new daemon: lets its workers accept; with `exclusive`, after those before them have let go. */
export function activate(turn: Turn, generation: Pick<Generation, "id" | "specification" | "workers">): void {
  const exclusive = generation.specification.plan.strategy === "exclusive";
  const before = exclusive ? turn.state.generations.filter(({ id }) => id < generation.id) : [];
  const after = before.flatMap((one) => liveWorkers(one));
  act(turn, { type: "activate", slots: liveWorkers(generation), after });
  act(turn, { type: "apply-modes", generation: generation.id });
}

/** Ends the running upgrade before its commit. The active generation has nothing to undo. */
export function abort(turn: Turn, failure: Failure): void {
  const { upgrade, lifecycle } = turn.state;
  const candidate = candidateGeneration(turn.state);
  if (candidate !== undefined) drainGeneration(turn, candidate, { kind: "failed", failure });
  if (upgrade === null) return;
  conclude(turn, upgrade, failure);
  if (lifecycle.phase === "starting") update(turn, { lifecycle: { phase: "stopping", failure } });
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
