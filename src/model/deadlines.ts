import { advanceCandidate, candidateOverdue } from "./candidate.js";
import type { Monotonic } from "./clock.js";
import { drainDeadline, pressGeneration } from "./drain.js";
import { startDueAt } from "./failed-start.js";
import { activeGeneration, findGeneration, serves } from "./find.js";
import type { Generation, Proof, Worker } from "./generation-state.js";
import { leavingDeadline, pressLeaving } from "./leaving.js";
import { prove } from "./probation.js";
import { prolong } from "./prolong.js";
import type { State } from "./state.js";
import { endTrial } from "./trial.js";
import { act, announce, nameWorker, setRun, type Turn } from "./turn.js";
import { leavesRejectedAt } from "./upgrade.js";
import { wantWorker, workerReady } from "./workers.js";

/** When `tick` has something to do next; undefined: never, so nothing wakes up. */
export function nextDeadline(state: State): Monotonic | undefined {
  const deadlines = state.generations.flatMap((generation) => [
    generation.stage.phase === "candidate" ? (generation.stage.deadline ?? undefined) : undefined,
    drainDeadline(generation),
    proofDeadline(generation),
    ...generation.workers.map((worker) => workerDeadline(generation, worker)),
    ...generation.workers.map((worker) => leavingDeadline(generation, worker)),
  ]);
  const set = [...deadlines, leavesRejectedAt(state), startDueAt(state)].filter(isSet);
  return set.length === 0 ? undefined : Math.min(...set);
}

function isSet(deadline: Monotonic | undefined): deadline is Monotonic {
  return deadline !== undefined;
}

/** Of a trial or a probation. */
function proofDeadline({ stage }: Generation): Monotonic | undefined {
  const proof = stage.phase === "active" ? stage.proof : undefined;
  return proof?.kind === "trial" || proof?.kind === "probation" ? (proof.until ?? undefined) : undefined;
}

function isOver(proof: Proof, now: Monotonic): boolean {
  return (proof.kind === "trial" || proof.kind === "probation") && proof.until !== null && proof.until <= now;
}

function workerDeadline(generation: Generation, { run }: Worker): Monotonic | undefined {
  const { rule, timeoutMs } = generation.specification.plan.ready;
  if (run.phase === "waiting") return run.until;
  if (run.phase !== "starting") return undefined;
  if (rule.when === "after") return run.since + rule.afterMs;
  return serves(generation) ? run.since + timeoutMs : undefined;
}

/**
 * Does all that is due. What ends a generation comes first, so that it starts no more workers: the end of a trial, then, the newest
 * generation first, a commit.
 */
export function tick(turn: Turn): void {
  const { now } = turn.clock;
  endProof(turn);
  for (const { id } of turn.state.generations.toReversed()) {
    const generation = findGeneration(turn.state, id);
    if (generation === undefined) continue;
    for (const worker of generation.workers) {
      const deadline = workerDeadline(generation, worker);
      if (deadline !== undefined && deadline <= now) workerDue(turn, generation, worker);
      const pressed = leavingDeadline(generation, worker);
      if (pressed !== undefined && pressed <= now) pressLeaving(turn, generation, worker);
    }
    advanceCandidate(turn);
  }
  for (const generation of turn.state.generations) {
    const { stage } = generation;
    if (stage.phase === "active" || stage.phase === "held") continue;
    if (stage.deadline === null || stage.deadline > now) continue;
    if (stage.phase === "candidate") candidateOverdue(turn, generation);
    else pressGeneration(turn, generation);
  }
}

/** Nobody has found it bad in all the time that there was for that. */
function endProof(turn: Turn): void {
  const active = activeGeneration(turn.state);
  if (active?.stage.phase !== "active" || !isOver(active.stage.proof, turn.clock.now)) return;
  if (prolong(turn, active)) return;
  if (active.stage.proof.kind === "trial") endTrial(turn);
  else prove(turn, active.id);
}

function workerDue(turn: Turn, generation: Generation, { index, run }: Worker): void {
  const slot = { generation: generation.id, index };
  if (run.phase === "waiting") {
    wantWorker(turn, slot);
  } else if (run.phase === "starting" && generation.specification.plan.ready.rule.when === "after") {
    workerReady(turn, slot, run.process.pid);
  } else if (run.phase === "starting") {
    // Its exit will be met like a crash, with backoff.
    setRun(turn, slot, { ...run, phase: "draining" });
    act(turn, { type: "kill", ...slot, process: run.process });
    announce(
      turn,
      "warning",
      "worker-overdue",
      `worker ${nameWorker(slot)} was not ready in time and is killed`,
      {
        generation: generation.id,
        worker: nameWorker(slot),
      },
    );
  }
}
