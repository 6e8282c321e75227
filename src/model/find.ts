import type { Generation, LiveRun, WorkerRun } from "./generation-state.js";
import type { Snapshot, State } from "./state.js";

export function isLive(run: WorkerRun): run is LiveRun {
  return run.phase !== "waiting" && run.phase !== "spawning";
}

export function findGeneration(state: State, id: number): Generation | undefined {
  return state.generations.find((generation) => generation.id === id);
}

export function findSnapshot(state: State, id: number | null): Snapshot | undefined {
  return id === null ? undefined : state.snapshots.find((snapshot) => snapshot.id === id);
}

export function activeGeneration(state: State): Generation | undefined {
  return state.generations.find((generation) => generation.stage.phase === "active");
}

export function heldGeneration(state: State): Generation | undefined {
  return state.generations.find((generation) => generation.stage.phase === "held");
}

/** The candidate that stands by until somebody commits it. */
export function stagedGeneration(state: State): Generation | undefined {
  const candidate = candidateGeneration(state);
  return candidate?.stage.phase === "candidate" && candidate.stage.step === "staged" ? candidate : undefined;
}

export function candidateGeneration(state: State): Generation | undefined {
  return state.generations.find((generation) => generation.stage.phase === "candidate");
}

/** Whether clients reach it: it is active, or held beside one that is on trial. */
export function serves({ stage }: Pick<Generation, "stage">): boolean {
  return stage.phase === "active" || stage.phase === "held";
}
