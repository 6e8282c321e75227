import { resumeCandidate } from "./candidate.js";
import type { Event, SlotProcess } from "./event.js";
import { postponeStart } from "./failed-start.js";
import { activeGeneration, candidateGeneration, isLive, stagedGeneration } from "./find.js";
import type { Generation, Process, Worker } from "./generation-state.js";
import { recoverSnapshots } from "./snapshots.js";
import { act, announce, nameWorker, type Turn, update, updateGeneration } from "./turn.js";
import { abortAll, dropStaged, prepare, requestUpgrade } from "./upgrade.js";
import { awaitReady, disconnect, wantWorker } from "./workers.js";

/**
 * The start of every daemon: first start, restart, new binary, crash. `alive` are the workers whose processes were found and
 * identified, `unconnected` those of them whose channels were not, `snapshots` the ids of those on disk, `wanted` that somebody wants
 * this start; whatever the state intended and the last daemon did not get to do is done now.
 */
export function recovered(
  turn: Turn,
  { alive, unconnected, snapshots, wanted }: Extract<Event, { type: "recovered" }>,
): void {
  const { lifecycle } = turn.state;
  const restarting = lifecycle.phase === "leaving" && lifecycle.next === "upgrade";
  const processes = new Map(alive.map((slot) => [nameWorker(slot), slot.process]));
  const mute = new Set(unconnected.map(nameWorker));
  for (const generation of turn.state.generations) takeStock(turn, generation, processes, mute);
  announceAdoption(turn, alive);
  recoverSnapshots(turn, snapshots);
  loseStaged(turn);
  for (const listener of turn.state.closing) act(turn, { type: "close-listener", listener });
  for (const generation of turn.state.generations) {
    if (!restarting || generation.stage.phase !== "candidate") resumeGeneration(turn, generation);
  }
  // Before the lifecycle changes: while it is `leaving`, the end of an unfinished start is not the end of the service.
  if (restarting) abortAll(turn, { reason: "superseded", message: "the service was restarted meanwhile" });

  const active = activeGeneration(turn.state);
  if (lifecycle.phase !== "drained") {
    update(turn, { lifecycle: active === undefined ? { phase: "starting" } : { phase: "running" } });
  }
  resumeUpgrade(turn);
  if (restarting) {
    requestUpgrade(turn, active === undefined ? "start" : "restart");
  } else if (active === undefined && turn.state.upgrade === null && lifecycle.phase !== "drained") {
    if (!postponeStart(turn, wanted)) requestUpgrade(turn, "start");
  }
}

/** One that stood by and has lost a worker is gone, as when the daemon sees it. */
function loseStaged(turn: Turn): void {
  const staged = stagedGeneration(turn.state);
  if (staged === undefined || staged.workers.every(({ run }) => run.phase === "ready")) return;
  dropStaged(turn, { reason: "worker-exited", message: "it lost a worker while it stood by" });
}

/**
 * Afterwards every worker with a process is alive. One that died has ended if it drained, and is wanted again if not. That is held against
 * nobody: what ended the daemon may have ended the worker, too.
 */
function takeStock(
  turn: Turn,
  generation: Generation,
  processes: ReadonlyMap<string, Process>,
  mute: ReadonlySet<string>,
): void {
  const workers = generation.workers.flatMap((worker): Worker[] => {
    if (!isLive(worker.run)) return [worker];
    const name = nameWorker({ generation: generation.id, index: worker.index });
    const process = processes.get(name);
    if (process !== undefined) {
      const found = { ...worker, run: { ...worker.run, process } };
      return [mute.has(name) ? disconnect(generation, found) : found];
    }
    return generation.stage.phase === "draining" || worker.leaving !== undefined
      ? []
      : [{ ...worker, native: false, protocol: 0, run: { phase: "spawning" } }];
  });
  const { stage } = generation;
  const { ready } = generation.specification.plan;
  const again =
    stage.phase === "candidate" &&
    stage.step === "verifying" &&
    workers.some(({ run }) => run.phase !== "ready");
  const deadline = turn.clock.now + ready.timeoutMs;
  // Who was verified in part has to be ready as a whole again first.
  updateGeneration(turn, generation.id, {
    workers,
    stage: again ? { phase: "candidate", step: "starting", deadline } : stage,
  });
}

/** Does what the state intends and the last daemon may not have done. */
function resumeGeneration(turn: Turn, { id, stage, workers }: Generation): void {
  for (const { index, run, leaving } of workers) {
    if (run.phase === "spawning") wantWorker(turn, { generation: id, index });
    if (!isLive(run)) continue;
    const slot = { generation: id, index, process: run.process };
    if (run.phase === "starting") awaitReady(turn, slot);
    // Of an active generation only a worker that leaves drains, or one that was overdue.
    const overdue =
      leaving === undefined ? run.phase === "draining" : leaving.insisted && leaving.deadline === null;
    const doomed = stage.phase === "draining" ? stage.pressure === "killed" : overdue;
    if (doomed) act(turn, { type: "kill", ...slot });
  }
}

function resumeUpgrade(turn: Turn): void {
  const { upgrade } = turn.state;
  const candidate = candidateGeneration(turn.state);
  if (upgrade !== null && upgrade.generation === null) prepare(turn, upgrade);
  if (candidate !== undefined) resumeCandidate(turn, candidate);
}

function announceAdoption(turn: Turn, alive: readonly SlotProcess[]): void {
  if (turn.state.generations.length === 0) return;
  const names = alive.map(nameWorker).join(", ");
  const what = alive.length === 0 ? "no worker is left alive" : `adopted worker(s) ${names}`;
  announce(turn, "info", "recovered", `recovered: ${what}`);
}
