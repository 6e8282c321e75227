import type { Clock } from "./clock.js";
import type { Action, News, Slot, SlotProcess } from "./event.js";
import { findGeneration, isLive } from "./find.js";
import type { Generation, Worker, WorkerRun } from "./generation-state.js";
import type { State } from "./state.js";

/** One decision in the making: the state so far and the actions so far. Lives no longer than a call of `decide`. */
export interface Turn {
  state: State;
  readonly actions: Action[];
  readonly clock: Clock;
}

export function act(turn: Turn, action: Action): void {
  turn.actions.push(action);
}

export function announce(
  turn: Turn,
  level: News["level"],
  event: string,
  message: string,
  fields: Omit<News, "event" | "level" | "message"> = {},
): void {
  act(turn, { type: "announce", news: { event, level, message, ...fields } });
}

export function update(turn: Turn, change: Partial<State>): void {
  turn.state = { ...turn.state, ...change };
}

export function updateGeneration(turn: Turn, id: number, change: Partial<Generation>): void {
  const generations = turn.state.generations.map((generation) =>
    generation.id === id ? { ...generation, ...change } : generation,
  );
  update(turn, { generations });
}

export function updateWorker(turn: Turn, slot: Slot, change: Partial<Worker>): void {
  const generation = findGeneration(turn.state, slot.generation);
  if (generation === undefined) return;
  const workers = generation.workers.map((worker) =>
    worker.index === slot.index ? { ...worker, ...change } : worker,
  );
  updateGeneration(turn, slot.generation, { workers });
}

export function setRun(turn: Turn, slot: Slot, run: WorkerRun): void {
  updateWorker(turn, slot, { run });
}

export function findWorker(state: State, slot: Slot): Worker | undefined {
  return findGeneration(state, slot.generation)?.workers.find((worker) => worker.index === slot.index);
}

export function liveWorkers(generation: Pick<Generation, "id" | "workers">): readonly SlotProcess[] {
  return generation.workers.flatMap(({ index, run }) =>
    isLive(run) ? [{ generation: generation.id, index, process: run.process }] : [],
  );
}

/** `8.1`: generation 8, index 1. */
export function nameWorker(slot: Slot): string {
  return `${slot.generation}.${slot.index}`;
}
