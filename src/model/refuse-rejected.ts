import { isRepeat } from "./commit.js";
import type { Generation } from "./generation-state.js";
import { findRejected } from "./rejected.js";
import { whatToRepeat } from "./retired.js";
import type { Turn } from "./turn.js";
import { abort, beginFallback } from "./upgrade.js";

/**
 * True when the candidate was judged bad before, or was left by a rollback, and nobody asks for it in so many words: then what serves,
 * or served last and well, is started in its place.
 */
export function refuseRejected(turn: Turn, candidate: Generation): boolean {
  const { upgrade } = turn.state;
  const mark = findRejected(turn.state, candidate);
  if (upgrade === null || mark === undefined || upgrade.force || isRepeat(upgrade)) return false;
  const asked = upgrade.kind === "upgrade";
  if (asked && mark.by === "rollback") return false;
  const nothingElse = whatToRepeat(turn.state, { kind: "fallback", to: null }) === null;
  if (upgrade.kind === "start" && nothingElse) return false;
  const at = new Date(mark.at).toISOString();
  const message = `this release and config were rejected at ${at}: ${mark.failure.message}; change either, or force it by \`holdfast upgrade --force\``;
  abort(turn, { reason: "rejected", message });
  if (upgrade.kind === "restart") beginFallback(turn);
  return true;
}
