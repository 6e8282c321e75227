import type { SlotProcess } from "./event.js";
import type { Process } from "./state.js";
import { activeGeneration, candidateGeneration, type Generation, isLive, type Worker } from "./state.js";
import { act, announce, nameWorker, type Turn, update, updateGeneration } from "./turn.js";
import { abort, prepare, requestUpgrade } from "./upgrade.js";
import { awaitReady, spawnWorker } from "./workers.js";

/**
 * The start of every daemon: first start, restart, new binary, crash. `alive` are the workers whose processes
 * were found and identified; whatever the state intended and the last daemon did not get to do is done now.
 */
export function recovered(turn: Turn, alive: readonly SlotProcess[]): void {
  const { lifecycle } = turn.state;
  const processes = new Map(alive.map((slot) => [nameWorker(slot), slot.process]));
  for (const generation of turn.state.generations) adoptGeneration(turn, generation, processes);

  const active = activeGeneration(turn.state);
  if (lifecycle.phase !== "drained") {
    update(turn, { lifecycle: active === undefined ? { phase: "starting" } : { phase: "running" } });
  }
  announceAdoption(turn, alive);
  resumeUpgrade(turn);
  if (lifecycle.phase === "leaving" && lifecycle.next === "upgrade") {
    if (turn.state.upgrade !== null) {
      abort(turn, { reason: "superseded", message: "the service was restarted meanwhile" });
    }
    update(turn, { queued: null });
    requestUpgrade(turn, active === undefined ? "start" : "restart");
  } else if (active === undefined && turn.state.upgrade === null && lifecycle.phase !== "drained") {
    requestUpgrade(turn, "start");
  }
}

function adoptGeneration(turn: Turn, generation: Generation, processes: ReadonlyMap<string, Process>): void {
  const draining = generation.stage.phase === "draining";
  const lost: Worker[] = [];
  const workers = generation.workers.flatMap((worker): Worker[] => {
    const process = processes.get(nameWorker({ generation: generation.id, index: worker.index }));
    if (isLive(worker.run) && process !== undefined) return [{ ...worker, run: { ...worker.run, process } }];
    if (draining) return [];
    if (worker.run.phase !== "waiting") lost.push(worker);
    return [worker];
  });
  updateGeneration(turn, generation.id, { workers });
  for (const { index } of lost) spawnWorker(turn, { generation: generation.id, index });
  const unsent: SlotProcess[] = [];
  for (const { index, run } of workers) {
    if (!isLive(run)) continue;
    const slot = { generation: generation.id, index, process: run.process };
    if (run.phase === "stopping") unsent.push(slot);
    if (run.phase === "starting" && processes.has(nameWorker(slot))) awaitReady(turn, slot);
  }
  if (unsent.length > 0) act(turn, { type: "terminate", slots: unsent });
}

function resumeUpgrade(turn: Turn): void {
  const { upgrade } = turn.state;
  const candidate = candidateGeneration(turn.state);
  if (upgrade !== null && upgrade.generation === null) prepare(turn, upgrade);
  if (candidate?.stage.phase === "candidate" && candidate.stage.step === "checking") {
    act(turn, { type: "check", generation: candidate.id });
  }
}

function announceAdoption(turn: Turn, alive: readonly SlotProcess[]): void {
  if (turn.state.generations.length === 0) return;
  const names = alive.map(nameWorker).join(", ");
  const what = alive.length === 0 ? "no worker is left alive" : `adopted worker(s) ${names}`;
  announce(turn, "info", "recovered", `recovered: ${what}`);
}
