import { formatDuration } from "../lib/duration.js";
import type { Result } from "../lib/failure.js";
import type { Prepared, SnapshotMade } from "./event.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration, candidateGeneration, findGeneration } from "./find.js";
import type { Generation, Worker } from "./generation-state.js";
import { refuseRejected } from "./refuse-rejected.js";
import { whatToRepeat } from "./retired.js";
import { beginSnapshot, orderSnapshot, snapshotMade } from "./snapshots.js";
import { isInTheWay, stepAside } from "./step-aside.js";
import { act, announce, type Turn, update, updateGeneration } from "./turn.js";
import { abort, failCandidate } from "./upgrade.js";
import { accept, beginVerifying, spareMs } from "./verification.js";

/** For a look at processes and listeners. */
const examineMs = 5_000;
/** However big a release is: after this long something is wrong with the disk. */
const copyTimeoutMs = 600_000;

export function upgradePrepared(turn: Turn, id: number, result: Result<Prepared, ModelFailure>): void {
  const { upgrade } = turn.state;
  if (result.ok)
    update(turn, { listeners: result.value.held, nextListener: nextListener(turn, result.value) });
  if (upgrade?.id !== id || upgrade.generation !== null) return;
  if (!result.ok) {
    abort(turn, result.failure);
    return;
  }
  const { specification, listeners, version, commit } = result.value;
  const { plan } = specification;
  if (upgrade.hold && plan.strategy === "exclusive") {
    const message = 'cannot hold with `strategy = "exclusive"`: only one generation may have the state';
    abort(turn, { reason: "hold-exclusive", message });
    return;
  }
  const { nextGeneration } = turn.state;
  const again = whatToRepeat(turn.state, upgrade);
  const copies = again === null && plan.snapshot;
  const generation: Generation = {
    id: nextGeneration,
    specification,
    snapshot: copies ? nextGeneration : (again?.snapshot ?? null),
    version,
    commit,
    origin: { kind: upgrade.kind, asked: upgrade.asked },
    listeners,
    workers: [],
    createdAt: turn.clock.wall,
    stage: { phase: "candidate", step: "copying", deadline: turn.clock.now + copyTimeoutMs },
    servesSince: null,
    deaths: 0,
    probationDeaths: 0,
    proved: false,
    noWayBack: null,
  };
  update(turn, {
    nextGeneration: generation.id + 1,
    generations: [...turn.state.generations, generation],
    upgrade: { ...upgrade, generation: generation.id },
  });
  const source = again === null ? plan.release : `what generation ${again.generation} ran`;
  announce(turn, "info", "generation-created", `generation ${generation.id} from ${source}`, {
    generation: generation.id,
    upgrade: id,
  });
  if (copies) beginSnapshot(turn, generation.id);
  else checkCandidate(turn, generation);
}

export function candidateCopied(turn: Turn, id: number, result: Result<SnapshotMade, ModelFailure>): void {
  if (!snapshotMade(turn, id, result)) return;
  const generation = findGeneration(turn.state, id);
  if (generation?.stage.phase !== "candidate" || generation.stage.step !== "copying") return;
  if (!result.ok) {
    abort(turn, result.failure);
    return;
  }
  if (refuseRejected(turn, findGeneration(turn.state, id) ?? generation)) return;
  const { version, commit, sameAs } = result.value;
  updateGeneration(turn, id, { version, commit });
  const named = version === null ? "" : ` (version ${version})`;
  const how =
    sameAs === null
      ? "its snapshot is made"
      : `nothing has changed since snapshot ${sameAs}, which it runs in`;
  announce(turn, "info", "snapshot-made", `generation ${id}: ${how}${named}`, { generation: id });
  checkCandidate(turn, generation);
}

/** What the last daemon had begun died with it: it is begun again, and has its whole time again. */
export function resumeCandidate(turn: Turn, candidate: Generation): void {
  const { id, stage } = candidate;
  if (stage.phase !== "candidate") return;
  switch (stage.step) {
    case "copying":
      updateGeneration(turn, id, { stage: { ...stage, deadline: turn.clock.now + copyTimeoutMs } });
      orderSnapshot(turn, id);
      return;
    case "checking":
      checkCandidate(turn, candidate);
      return;
    case "examining":
      examineCandidate(turn, id);
      return;
    case "verifying":
      beginVerifying(turn, candidate);
      return;
    case "waiting":
    case "starting":
    case "staged":
      return;
    default:
      stage.step satisfies never;
  }
}

function checkCandidate(turn: Turn, generation: Generation): void {
  const { plan } = generation.specification;
  if (plan.check === null) {
    startCandidate(turn, generation);
    return;
  }
  const deadline = turn.clock.now + plan.ready.timeoutMs + spareMs;
  updateGeneration(turn, generation.id, { stage: { phase: "candidate", step: "checking", deadline } });
  act(turn, { type: "check", generation: generation.id });
}

function examineCandidate(turn: Turn, id: number): void {
  const deadline = turn.clock.now + examineMs;
  updateGeneration(turn, id, { stage: { phase: "candidate", step: "examining", deadline } });
  act(turn, { type: "examine", generation: id });
}

function nextListener(turn: Turn, { held }: Prepared): number {
  return held.reduce((next, { id }) => Math.max(next, id + 1), turn.state.nextListener);
}

export function candidateChecked(turn: Turn, id: number, failure: ModelFailure | null): void {
  const generation = findGeneration(turn.state, id);
  if (generation?.stage.phase !== "candidate" || generation.stage.step !== "checking") return;
  if (failure !== null) {
    const { output } = failure;
    if (output !== undefined)
      announce(turn, "warning", "check-output", `the check of generation ${id} printed:\n${output}`, {
        generation: id,
      });
    abort(turn, failure);
    return;
  }
  announce(turn, "info", "generation-checked", `generation ${id}: check passed`, { generation: id });
  startCandidate(turn, generation);
}

function startCandidate(turn: Turn, candidate: Generation): void {
  if (!isInTheWay(turn.state, candidate)) {
    startWorkers(turn, candidate);
  } else if (turn.state.upgrade?.stage) {
    const message =
      'with `strategy = "exclusive"` a version stands by only beside native workers, which hand over to it';
    abort(turn, { reason: "stage-exclusive", message });
  } else {
    stepAside(turn, candidate);
  }
}

function startWorkers(turn: Turn, { id, specification: { plan } }: Generation): void {
  const deadline = turn.clock.now + plan.ready.timeoutMs;
  const workers = Array.from({ length: plan.workers }, (_, index): Worker => {
    return { index, crashes: 0, native: false, protocol: 0, status: null, run: { phase: "spawning" } };
  });
  updateGeneration(turn, id, { workers, stage: { phase: "candidate", step: "starting", deadline } });
  for (const { index } of workers) act(turn, { type: "spawn", generation: id, index });
}

export function candidateOverdue(turn: Turn, generation: Generation): void {
  if (generation.stage.phase !== "candidate") return;
  const { plan } = generation.specification;
  const waited = formatDuration(plan.ready.timeoutMs);
  if (generation.stage.step === "copying") {
    const message = `the release was not copied within ${formatDuration(copyTimeoutMs)}`;
    abort(turn, { reason: "snapshot-timeout", message });
    return;
  }
  if (generation.stage.step === "checking") {
    abort(turn, { reason: "check-timeout", message: `the check command did not end within ${waited}` });
    return;
  }
  if (generation.stage.step === "verifying") {
    failCandidate(turn, {
      reason: "verify-timeout",
      message: "the new version did not answer the verification in time",
    });
    return;
  }
  if (generation.stage.step === "examining") {
    candidateExamined(turn, generation.id, null);
    return;
  }
  examineCandidate(turn, generation.id);
}

/** It was not ready in time, nor while it was looked at. */
export function candidateExamined(turn: Turn, id: number, why: string | null): void {
  const generation = findGeneration(turn.state, id);
  if (generation?.stage.phase !== "candidate" || generation.stage.step !== "examining") return;
  const { plan } = generation.specification;
  const late = generation.workers.filter(({ run }) => run.phase !== "ready").length;
  const message = `${late} of ${plan.workers} worker(s) not ready within ${formatDuration(plan.ready.timeoutMs)}`;
  failCandidate(turn, { reason: "start-timeout", message: why === null ? message : `${message}: ${why}` });
}

/**
 * Nobody is in the way any more: the candidate starts. Or all its workers are ready: it is verified where there is something to verify,
 * then staged or committed.
 */
export function advanceCandidate(turn: Turn): void {
  const candidate = candidateGeneration(turn.state);
  if (candidate?.stage.phase !== "candidate") return;
  // The next daemon goes on, and still knows what it was left for.
  if (turn.state.lifecycle.phase === "leaving") return;
  const { step } = candidate.stage;
  if (step === "waiting" && !isInTheWay(turn.state, candidate)) startWorkers(turn, candidate);
  if (step !== "starting" && step !== "examining") return;
  if (!candidate.workers.every(({ run }) => run.phase === "ready")) return;
  const { warm, verify, strategy, trial } = candidate.specification.plan;
  const native = candidate.workers.some((worker) => worker.native);
  const handedOver = strategy === "exclusive" && activeGeneration(turn.state) !== undefined;
  const asks = warm.length > 0 || verify !== null || handedOver || trial.share !== null;
  if (!asks && !native) accept(turn, candidate);
  else beginVerifying(turn, candidate);
}
