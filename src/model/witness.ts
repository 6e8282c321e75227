import { isDeepStrictEqual } from "node:util";
import type { Account, Span, Witness } from "./account-state.js";
import type { Look } from "./event.js";
import type { State } from "./state.js";
import { type Turn, update } from "./turn.js";

/** Whether clients could be kept waiting by it: from the request until the last of the old workers has gone. */
export function isWatched({ phases }: Account): boolean {
  return phases.some(({ phase, until }) => until === null && phase !== "probation" && phase !== "staged");
}

/** Somebody has looked at the kernel, for all upgrades that are being watched. */
export function takeLook(turn: Turn, look: Look): void {
  const accounts = turn.state.accounts.map((account) =>
    isWatched(account) ? { ...account, witness: add(account.witness, look) } : account,
  );
  update(turn, { accounts });
}

/** Whether the look would change what is known. */
export function tellsMore({ accounts }: State, look: Look): boolean {
  return accounts.some((one) => isWatched(one) && !isDeepStrictEqual(add(one.witness, look), one.witness));
}

function add(known: Witness | null, { overflows, drops, backlogs, stillMs }: Look): Witness {
  const queues = new Map(known?.backlogs.map((one) => [one.listener, one]));
  for (const one of backlogs) {
    const most = Math.max(one.queued, queues.get(one.listener)?.queued ?? 0);
    queues.set(one.listener, { ...one, queued: most });
  }
  return {
    overflows: span(known?.overflows ?? null, overflows),
    drops: span(known?.drops ?? null, drops),
    backlogs: [...queues.values()].sort((a, b) => (a.listener < b.listener ? -1 : 1)),
    stillMs: stillMs === null ? (known?.stillMs ?? null) : Math.max(stillMs, known?.stillMs ?? 0),
  };
}

function span(known: Span | null, value: number | null): Span | null {
  if (value === null) return known;
  return { first: known?.first ?? value, last: value };
}
