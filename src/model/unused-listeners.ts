import { split } from "../lib/split.js";
import { activeGeneration, candidateGeneration } from "./find.js";
import type { Listener } from "./state.js";
import { act, type Turn, update } from "./turn.js";

/** A listener that no generation uses any more is closed, unless nothing serves and all are kept for the next. */
export function closeUnused(turn: Turn): void {
  const { state } = turn;
  if (state.lifecycle.phase === "stopping") {
    closeOwn(turn);
    return;
  }
  const settled = state.upgrade === null && candidateGeneration(state) === undefined;
  if (!settled || activeGeneration(state) === undefined) return;
  const used = new Set(state.generations.flatMap(({ listeners }) => listeners));
  close(
    turn,
    state.listeners.filter(({ id }) => !used.has(id)),
  );
}

/**
 * Nobody will accept any more. Who comes to a listener of the daemon's own is refused from now on; what a socket unit has waits there
 * for the next start, so the daemon lets go of that with the last worker.
 */
function closeOwn(turn: Turn): void {
  const { listeners, generations } = turn.state;
  const [units, own] = split(listeners, ({ origin }) => origin === "unit");
  const kept = new Set(units.map(({ id }) => id));
  update(turn, {
    generations: generations.map((one) => ({
      ...one,
      listeners: one.listeners.filter((id) => kept.has(id)),
    })),
  });
  close(turn, generations.length === 0 ? listeners : own);
}

function close(turn: Turn, unused: readonly Listener[]): void {
  const { state } = turn;
  if (unused.length === 0) return;
  update(turn, {
    listeners: state.listeners.filter((listener) => !unused.includes(listener)),
    closing: [...state.closing, ...unused],
  });
  for (const listener of unused) act(turn, { type: "close-listener", listener });
}
