import { isDeepStrictEqual } from "node:util";
import { addTotals, nothingCounted, type Totals } from "../lib/counters.js";
import { split } from "../lib/split.js";
import type { Slot } from "./event.js";
import { findGeneration, isLive } from "./find.js";
import type { State } from "./state.js";
import { addListeners, type Count, type ListenerTotals, noListener } from "./totals.js";
import { findWorker, type Turn, update } from "./turn.js";

/** The state with what workers have told. A process that has ended, or is not the one meant, is not listened to any more. */
export function takeCounts(state: State, counts: readonly Count[]): State {
  const { counters } = state;
  const names = namesToCountUnder(state);
  const heard = counts
    .filter((count) => isCounting(state, count))
    .map((count) => countUnder(state, names, count));
  const others = counters.workers.filter((known) => !heard.some((count) => isSamePlace(known, count)));
  const workers = [...others, ...heard].sort((a, b) => a.generation - b.generation || a.index - b.index);
  return isDeepStrictEqual(workers, counters.workers)
    ? state
    : { ...state, counters: { ...counters, workers } };
}

/** That of a listener that is gone stays. What workers make up would be without end. */
function namesToCountUnder({ listeners, counters }: State): ReadonlySet<string> {
  const parts = [...counters.generations, ...counters.workers].flatMap((part) => part.listeners);
  const counted = [...counters.ended, ...parts].map(({ listener }) => listener);
  return new Set([...listeners.map(({ name }) => name), ...counted]);
}

/** What a process has once told under no listener's name stays there, even if there is one later: no sum may fall. */
function countUnder({ counters }: State, names: ReadonlySet<string>, count: Count): Count {
  const before = counters.workers.find((known) => isSamePlace(known, count) && known.pid === count.pid);
  const told = new Set(before?.listeners.map(({ listener }) => listener));
  const [known, unknown] = split(
    count.listeners,
    ({ listener }) => told.has(listener) || (names.has(listener) && !told.has(noListener)),
  );
  const others = unknown.map((totals) => ({ ...totals, listener: noListener }));
  return { ...count, listeners: addListeners(known, others) };
}

/** Adds what processes and generations that are gone have counted to what remains of them. */
export function foldCounters(turn: Turn): void {
  const { state } = turn;
  const { ended, generations, workers } = state.counters;
  const [living, gone] = split(workers, (count) => isCounting(state, count));
  const all = [...generations];
  for (const { generation, listeners } of gone) {
    const at = all.findIndex((one) => one.generation === generation);
    if (at < 0) all.push({ generation, listeners });
    else all[at] = { generation, listeners: addListeners(all[at]?.listeners ?? [], listeners) };
  }
  const [there, past] = split(all, ({ generation }) => findGeneration(state, generation) !== undefined);
  if (gone.length === 0 && past.length === 0) return;
  const sum = past.reduce((total, { listeners }) => addListeners(total, listeners), ended);
  update(turn, { counters: { ended: sum, generations: there, workers: living } });
}

/** The service's own totals, by listener. */
export function serviceTotals({ counters }: State): readonly ListenerTotals[] {
  const parts = [...counters.generations, ...counters.workers];
  return parts.reduce((total, { listeners }) => addListeners(total, listeners), counters.ended);
}

/** Over all workers that a generation has had; null when none has told anything. */
export function generationTotals(state: State, id: number): Totals | null {
  return generationListeners(state, id)?.reduce<Totals>(addTotals, nothingCounted) ?? null;
}

/** The same by listener. */
export function generationListeners({ counters }: State, id: number): readonly ListenerTotals[] | null {
  const parts = [...counters.generations, ...counters.workers].filter(({ generation }) => generation === id);
  return parts.length === 0
    ? null
    : parts.reduce((sum, { listeners }) => addListeners(sum, listeners), nothing);
}

const nothing: readonly ListenerTotals[] = [];

function isCounting(state: State, { pid, ...slot }: Count): boolean {
  const run = findWorker(state, slot)?.run;
  return run !== undefined && isLive(run) && run.process.pid === pid;
}

function isSamePlace(one: Slot, other: Slot): boolean {
  return one.generation === other.generation && one.index === other.index;
}
