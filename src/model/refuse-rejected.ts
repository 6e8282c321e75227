import { isRepeat } from "./commit.js";
import type { Generation } from "./generation-state.js";
import { findRejected } from "./rejected.js";
import { whatToRepeat } from "./retired.js";
import type { Turn } from "./turn.js";
import { abort, beginFallback } from "./upgrade.js";

/**
 * True when the candidate was judged bad before, and nobody asks for it in so many words; or was left by a rollback or did not start, and nobody
 * asks for an upgrade. Then what serves, or served last and well, is started in its place.
 */
export function refuseRejected(turn: Turn, candidate: Generation): boolean {
  const { upgrade } = turn.state;
  const mark = findRejected(turn.state, candidate);
  if (upgrade === null || mark === undefined || upgrade.force || isRepeat(upgrade)) return false;
  // Only a judge has seen it serve. What did not start may have lacked its database, and what somebody has left may be wanted again.
  if (upgrade.kind === "upgrade" && mark.by !== "judge") return false;
  const nothingElse = whatToRepeat(turn.state, { kind: "fallback", to: null }) === null;
  if (upgrade.kind === "start" && nothingElse) return false;
  const at = new Date(mark.at).toISOString();
  const remedy =
    mark.by === "judge" ? "force it by `holdfast upgrade --force`" : "ask for it by `holdfast upgrade`";
  const message = `this release and config were rejected at ${at}: ${mark.failure.message}; change either, or ${remedy}`;
  abort(turn, { reason: "rejected", message });
  if (upgrade.kind === "restart") beginFallback(turn);
  return true;
}
