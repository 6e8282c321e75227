import type { SlotProcess } from "./event.js";
import { activeGeneration, isLive } from "./find.js";
import type { Generation } from "./generation-state.js";
import type { State } from "./state.js";
import { act, findWorker, liveWorkers, type Turn } from "./turn.js";

/**
 * What workers are told, once all of the turn has been decided: those of the generation that has become active to accept, those that
 * have to go to drain. `before` is what they have been told already. It is done before all else, for whoever waits for an upgrade is told
 * of its end when all that belongs to it has been done.
 */
export function giveOrders(turn: Turn, before: State): void {
  const decided = turn.actions.splice(0);
  const active = activeGeneration(turn.state);
  if (active !== undefined && active.id !== activeGeneration(before)?.id) activate(turn, active);
  for (const generation of turn.state.generations) askToDrain(turn, generation, before);
  if (active !== undefined && active.id !== activeGeneration(before)?.id) redirect(turn, active, before);
  turn.actions.push(...decided);
}

/** Lets its workers accept; with `exclusive`, after those before them have let go. */
function activate(turn: Turn, generation: Generation): void {
  const exclusive = generation.specification.plan.strategy === "exclusive";
  const older = exclusive ? turn.state.generations.filter(({ id }) => id < generation.id) : [];
  const slots = heirsIn(generation).filter(({ index }) => !exclusive || !waitsForLeaving(generation, index));
  act(turn, { type: "activate", slots, after: older.flatMap(liveWorkers) });
  act(turn, { type: "apply-modes", generation: generation.id });
}

/** One that is superseded hands over to the generation that is active now, whichever was while this was decided. */
function askToDrain(turn: Turn, generation: Generation, before: State): void {
  const { id, stage } = generation;
  const slots = liveWorkers(generation).filter((slot) => {
    const told = findWorker(before, slot)?.run;
    return findWorker(turn.state, slot)?.run.phase === "stopping" && told?.phase !== "stopping";
  });
  if (slots.length === 0) return;
  if (stage.phase !== "draining") {
    askToHandOver(turn, generation, slots);
    return;
  }
  const replaced = stage.why.kind === "superseded" || stage.why.kind === "rejected";
  const heir = replaced ? activeGeneration(turn.state) : undefined;
  act(turn, {
    type: "terminate",
    slots,
    to: heir === undefined || heir.id === id ? [] : heirsIn(heir),
    insist: false,
    withinMs: Math.max(0, stage.deadline - turn.clock.now),
  });
}

/**
 * What drains since before hands over to whom it was told, which drains now, too, and may be gone before the last request has ended. Native
 * workers that can be told so twice get the new ones as well.
 */
function redirect(turn: Turn, active: Generation, before: State): void {
  if (active.specification.plan.strategy === "exclusive") return;
  for (const { id, stage, workers } of turn.state.generations) {
    if (stage.phase !== "draining" || stage.why.kind !== "superseded" || stage.pressure !== "asked") continue;
    const told = workers.filter(({ index, native, protocol, run }) => {
      const was = findWorker(before, { generation: id, index })?.run.phase;
      return native && protocol >= 3 && run.phase === "draining" && was === "draining";
    });
    const slots = liveWorkers({ id, workers: told });
    const withinMs = Math.max(0, stage.deadline - turn.clock.now);
    if (slots.length > 0)
      act(turn, { type: "terminate", slots, to: heirsIn(active), insist: false, withinMs });
  }
}

/** Those that leave a generation which serves on, each to the one that takes its place. */
function askToHandOver(turn: Turn, generation: Generation, slots: readonly SlotProcess[]): void {
  for (const slot of slots) {
    const { leaving } = findWorker(turn.state, slot) ?? {};
    const withinMs = Math.max(0, (leaving?.deadline ?? 0) - turn.clock.now);
    const to = heirsIn(generation).filter(({ index }) => index === leaving?.heir);
    if (generation.specification.plan.strategy === "exclusive") {
      act(turn, { type: "activate", slots: to, after: [slot] });
    }
    act(turn, { type: "terminate", slots: [slot], to, insist: false, withinMs });
  }
}

/** It takes the place of one that is still there, and that accepts as well. */
function waitsForLeaving({ workers }: Generation, heir: number): boolean {
  return workers.some(({ leaving, run }) => leaving?.heir === heir && isLive(run));
}

/** Its workers that do not have to go themselves. */
function heirsIn(generation: Generation): readonly SlotProcess[] {
  const staying = generation.workers.filter(
    ({ run }) => run.phase !== "stopping" && run.phase !== "draining",
  );
  return liveWorkers({ id: generation.id, workers: staying });
}
