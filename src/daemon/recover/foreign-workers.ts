import { markUnseen } from "../../linux/pidfd.js";
import { isLive, type State } from "../../model/state.js";
import { findWorker, nameWorker } from "../../model/turn.js";
import type { InheritedPidfd } from "./inheritance.js";

/** Workers of another pid namespace or unit are like those of a service that is restarted: they serve until others do. */
export function toBeReplaced(state: State, pidfds: readonly InheritedPidfd[]): State {
  const unseen = new Set(pidfds.filter(({ pid }) => pid === 0).map(({ slot }) => nameWorker(slot)));
  const isUnseen = (generation: number, index: number): boolean =>
    unseen.has(nameWorker({ generation, index }));
  const generations = state.generations.map((generation) => ({
    ...generation,
    workers: generation.workers.map((worker) => {
      if (!isLive(worker.run) || !isUnseen(generation.id, worker.index)) return worker;
      const process = { pid: markUnseen(worker.run.process.pid), startTime: null };
      return { ...worker, run: { ...worker.run, process } };
    }),
  }));
  // They go on counting under the name they have here.
  const workers = state.counters.workers.map((count) =>
    isUnseen(count.generation, count.index) ? { ...count, pid: markUnseen(count.pid) } : count,
  );
  return {
    ...state,
    generations,
    counters: { ...state.counters, workers },
    lifecycle: { phase: "leaving", next: "upgrade" },
  };
}

/** What cannot be seen is known by its place. */
export function nameUnseen(pidfds: readonly InheritedPidfd[], state: State): readonly InheritedPidfd[] {
  return pidfds.map((inherited) => {
    const run = inherited.pid === 0 ? findWorker(state, inherited.slot)?.run : undefined;
    return run !== undefined && isLive(run) ? { ...inherited, pid: run.process.pid } : inherited;
  });
}
