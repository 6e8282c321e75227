import type { Failure } from "../../lib/failure.js";
import { markUnseen } from "../../linux/pidfd.js";
import { isLive } from "../../model/find.js";
import { toBeReplaced } from "../../model/inherit.js";
import type { State } from "../../model/state.js";
import { findWorker, nameWorker } from "../../model/turn.js";
import type { InheritedPidfd } from "./inheritance.js";

/** The state of a daemon whose workers this one cannot keep: they are known by their places. */
export function markForeign(state: State, pidfds: readonly InheritedPidfd[]): State {
  const unseen = pidfds.filter(({ pid }) => pid === 0).map(({ slot }) => nameWorker(slot));
  return toBeReplaced(state, new Set(unseen), markUnseen);
}

/** What cannot be seen is known by its place. */
export function nameUnseen(pidfds: readonly InheritedPidfd[], state: State): readonly InheritedPidfd[] {
  return pidfds.map((inherited) => {
    const run = inherited.pid === 0 ? findWorker(state, inherited.slot)?.run : undefined;
    return run !== undefined && isLive(run) ? { ...inherited, pid: run.process.pid } : inherited;
  });
}

/**
 * Watches the upgrade that replaces a predecessor's workers: with its commit they are replaced; when it has failed, and nothing of it
 * is left, this daemon gives up.
 */
export function watchReplacement(
  replaced: () => void,
  giveUp: (failure: Failure) => void,
): (state: State) => void {
  let decided = false;
  return ({ outcomes, upgrade, generations }) => {
    const last = outcomes.at(-1);
    // What ran before is started where the release that was there is not to be.
    const replaces = last?.kind === "restart" || last?.kind === "fallback";
    if (decided || upgrade !== null || !replaces) return;
    if (last.failure !== null && generations.some(({ id }) => id === last.generation)) return;
    decided = true;
    if (last.failure === null) replaced();
    else giveUp(last.failure);
  };
}
