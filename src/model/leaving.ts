import { formatDuration } from "../lib/duration.js";
import type { Monotonic } from "./clock.js";
import type { Slot } from "./event.js";
import { findGeneration, isLive, serves } from "./find.js";
import type { Generation, Worker } from "./generation-state.js";
import { act, announce, findWorker, nameWorker, type Turn, updateGeneration, updateWorker } from "./turn.js";

/**
 * Somebody other than the daemon has told a worker to end, and it has said so. It serves on until another worker of its
 * generation is ready in its place; then it hands over to that one and has `drain.timeout`. One that the daemon itself has told to
 * end, by a signal because there was no other way, gets that once more, and does not put it off.
 */
export function workerLeaving(turn: Turn, slot: Slot, pid: number): void {
  const generation = findGeneration(turn.state, slot.generation);
  const worker = findWorker(turn.state, slot);
  if (generation === undefined || worker === undefined || !isLive(worker.run)) return;
  if (worker.run.process.pid !== pid || worker.leaving !== undefined) return;
  const { phase, process } = worker.run;
  if (generation.stage.phase === "draining" && phase === "draining") {
    act(turn, { type: "terminate", slots: [{ ...slot, process }], to: [], insist: true, withinMs: 0 });
  }
  if (!serves(generation) || !isNeeded(worker)) return;
  const heir = findFreeIndex(generation.workers);
  const fresh = { crashes: 0, native: false, protocol: 0, status: null };
  updateGeneration(turn, generation.id, {
    workers: [
      ...generation.workers.map((one) => nameHeir(one, worker.index, heir)),
      { ...fresh, index: heir, run: { phase: "spawning" } },
    ],
  });
  if (standsBy(generation, worker)) relieve(turn, generation, worker, worker.index);
  act(turn, { type: "spawn", generation: generation.id, index: heir });
  const [name, next] = [nameWorker(slot), nameWorker({ generation: generation.id, index: heir })];
  announce(
    turn,
    "warning",
    "worker-leaving",
    `worker ${name} got SIGTERM, and not from this daemon; worker ${next} takes its place`,
    { generation: generation.id, worker: name },
  );
}

/** The heir is that of the worker which leaves, and of those whose place that one was to take. */
function nameHeir(worker: Worker, leaves: number, heir: number): Worker {
  const takesOver = worker.leaving?.heir === leaves && isNeeded(worker);
  if (worker.index !== leaves && !takesOver) return worker;
  return { ...worker, leaving: { heir, deadline: null, insisted: false } };
}

/** With one writer it has nothing to hand over before the one whose place it takes has let go. */
function standsBy({ specification, workers }: Generation, { index }: Worker): boolean {
  const waits = workers.some((one) => one.leaving?.heir === index && isNeeded(one));
  return specification.plan.strategy === "exclusive" && waits;
}

/** Those whose heirs are ready are to drain. */
export function relieveLeaving(turn: Turn): void {
  for (const generation of turn.state.generations) {
    if (!serves(generation)) continue;
    for (const worker of generation.workers) {
      const { leaving } = worker;
      if (leaving === undefined || !isNeeded(worker) || !isReady(generation, leaving.heir)) continue;
      relieve(turn, generation, worker, leaving.heir);
    }
  }
}

function relieve(turn: Turn, { id, specification }: Generation, { index, run }: Worker, heir: number): void {
  if (!isLive(run)) return;
  const deadline = turn.clock.now + specification.plan.drain.timeoutMs;
  const slot = { generation: id, index };
  updateWorker(turn, slot, {
    run: { ...run, phase: "stopping" },
    leaving: { heir, deadline, insisted: false },
  });
}

/** When one that drains alone has to be pressed. */
export function leavingDeadline(generation: Generation, { leaving }: Worker): Monotonic | undefined {
  return serves(generation) ? (leaving?.deadline ?? undefined) : undefined;
}

/** Its deadline has passed: SIGTERM again, then SIGKILL. */
export function pressLeaving(turn: Turn, generation: Generation, { index, run, leaving }: Worker): void {
  if (leaving === undefined || !isLive(run)) return;
  const slot = { generation: generation.id, index };
  const { process } = run;
  const { killMs } = generation.specification.plan.drain;
  const name = nameWorker(slot);
  if (leaving.insisted) {
    updateWorker(turn, slot, { leaving: { ...leaving, deadline: null } });
    act(turn, { type: "kill", ...slot, process });
    return;
  }
  const deadline = turn.clock.now + killMs;
  updateWorker(turn, slot, { leaving: { ...leaving, insisted: true, deadline } });
  act(turn, { type: "terminate", slots: [{ ...slot, process }], to: [], insist: true, withinMs: 0 });
  announce(
    turn,
    "warning",
    "drain-overdue",
    `worker ${name} has not drained in time: it gets SIGTERM, SIGKILL in ${formatDuration(killMs)}`,
    { generation: generation.id, worker: name },
  );
}

function isNeeded({ run: { phase } }: Worker): boolean {
  return phase === "starting" || phase === "ready";
}

function isReady({ workers }: Generation, index: number): boolean {
  return workers.some((one) => one.index === index && one.run.phase === "ready");
}

function findFreeIndex(workers: readonly Worker[]): number {
  // Who drains may name one that has ended.
  const taken = new Set(workers.flatMap(({ index, leaving }) => [index, leaving?.heir]));
  let index = 0;
  while (taken.has(index)) index += 1;
  return index;
}
