import { type Turn, update } from "./turn.js";
import type { Outcome, UpgradeKind, UpgradeRequest } from "./upgrade-state.js";

export type Wish = Partial<Omit<UpgradeRequest, "id" | "kind" | "requestedAt">>;

/** A request under a number of its own. */
export function newRequest(turn: Turn, kind: UpgradeKind, wish: Wish = {}): UpgradeRequest {
  const { nextUpgrade: id } = turn.state;
  update(turn, { nextUpgrade: id + 1 });
  return { id, ...manner(kind), ...wish, requestedAt: turn.clock.now };
}

/** As an upgrade of that kind is, where nobody has said how. */
export function manner(kind: UpgradeKind): Omit<UpgradeRequest, "id" | "requestedAt"> {
  return { kind, to: null, hold: false, stage: false, force: false, asked: null };
}

const refusals: ReadonlySet<string> = new Set(["stopping", "nothing-before", "hold-exclusive"]);

/** Whether somebody asked for what could not be done, and nothing was tried: that says nothing about the service. */
export function isRefused({ kind, failure }: Outcome): boolean {
  return (kind === "upgrade" || kind === "rollback") && failure !== null && refusals.has(failure.reason);
}
