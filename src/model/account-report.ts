import type { AccountReport } from "../lib/account.js";
import { type CounterName, counterNames, nothingCounted } from "../lib/counters.js";
import type { Account, Phase, Progress, Side, Span, Witness } from "./account-state.js";
import type { Monotonic, WallTime } from "./clock.js";
import { generationListeners } from "./counters.js";
import { findGeneration } from "./find.js";
import type { Generation } from "./generation-state.js";
import type { State } from "./state.js";
import type { ListenerTotals } from "./totals.js";

/** The account as it is told and written down. `endedAt` null: it is not over. */
export function reportAccount(state: State, account: Account, endedAt: WallTime | null): AccountReport {
  const { upgrade, kind, asked, startedAt, requestedAt, phases, old, witness, result, verdict } = account;
  return {
    upgrade,
    kind,
    asked,
    startedAt,
    endedAt,
    phases: phases.map((phase) => reportPhase(phase, requestedAt)),
    old: old === null ? null : reportSide(state, old, old.before),
    new: account.new === null ? null : reportSide(state, account.new, nothingDone),
    witness: witness === null ? null : reportWitness(witness),
    failure: result?.failure ?? null,
    verdict,
  };
}

function reportPhase(
  { phase, since, until }: Phase,
  requestedAt: Monotonic,
): AccountReport["phases"][number] {
  return { phase, afterMs: since - requestedAt, tookMs: until === null ? null : until - since };
}

const nothingDone: Progress = { listeners: null, deaths: 0 };

/** What it has done since `before`. */
function reportSide(
  state: State,
  { generation, end }: Side,
  before: Progress,
): NonNullable<AccountReport["old"]> {
  const there = findGeneration(state, generation);
  const now = end ?? (there === undefined ? nothingDone : progressOf(state, there));
  const earlier = new Map(before.listeners?.map((one) => [one.listener, one]));
  const listeners = now.listeners?.map((one) => grown(one, earlier.get(one.listener))) ?? null;
  return { generation, listeners, deaths: Math.max(0, now.deaths - before.deaths) };
}

/** All that a generation has done until now. */
export function progressOf(state: State, { id, deaths }: Generation): Progress {
  return { listeners: generationListeners(state, id), deaths };
}

function grown(now: ListenerTotals, before: ListenerTotals | undefined): ListenerTotals {
  const earlier: Readonly<Record<CounterName, number>> = before ?? nothingCounted;
  const more = { ...nothingCounted };
  for (const name of counterNames) more[name] = Math.max(0, now[name] - earlier[name]);
  return { listener: now.listener, ...more };
}

function reportWitness({
  overflows,
  drops,
  backlogs,
  stillMs,
}: Witness): NonNullable<AccountReport["witness"]> {
  return { overflows: growth(overflows), drops: growth(drops), backlogs, stillMs };
}

/** A count that has fallen is another namespace's. */
function growth(span: Span | null): number | null {
  return span === null || span.last < span.first ? null : span.last - span.first;
}
