import { isDeepStrictEqual } from "node:util";
import type { PhaseName } from "../lib/phases.js";
import { split } from "../lib/split.js";
import { progressOf, reportAccount } from "./account-report.js";
import type { Account, Phase, Side } from "./account-state.js";
import type { Monotonic } from "./clock.js";
import type { Event } from "./event.js";
import { activeGeneration, findGeneration, isLive, serves } from "./find.js";
import type { Generation, Stage } from "./generation-state.js";
import type { State } from "./state.js";
import { tallyPhases } from "./tally.js";
import { act, type Turn, update } from "./turn.js";

/**
 * Keeps account of upgrades, by holding what has been decided against the state before: which phases they are in, how they ended, what
 * the generations had done that are gone. One that is over goes to the ledger, once the workers have told what they have counted.
 */
export function keepAccounts(turn: Turn, before: State, event: Event): void {
  const { upgrade, accounts } = turn.state;
  const isNew = upgrade !== null && !accounts.some((one) => one.upgrade === upgrade.id);
  const all = isNew ? [...accounts, open(upgrade, before, turn)] : accounts;
  if (all.length === 0) return;
  const steps = all.map((was) => ({ was, is: bringUpToDate(was, turn, before) }));
  const ended = steps.flatMap(({ was, is }) => is.phases.filter((phase) => hasEnded(phase, was.phases)));
  tallyPhases(turn, ended);
  const wasOver = ({ was }: Step): boolean => !isOpen(before, was);
  const [going, over] = split(steps, ({ is }) => isOpen(turn.state, is));
  const [closing, closed] = split(over, (step) => {
    const answered = event.type === "counts-asked" && wasOver(step);
    return !answered && hasMoreToTell(turn.state, step.is);
  });
  for (const { is } of closed) {
    const report = reportAccount(turn.state, is, turn.clock.wall);
    act(turn, { type: "record", entry: { kind: "account", account: report } });
  }
  // A daemon that has died may not have heard the answer.
  const asks = closing.some((step) => !wasOver(step) || event.type === "recovered");
  if (asks) act(turn, { type: "ask-counts" });
  const next = steps.filter((step) => going.includes(step) || closing.includes(step)).map(({ is }) => is);
  if (!isDeepStrictEqual(next, accounts)) update(turn, { accounts: next });
}

/** An account before and after what was decided. */
interface Step {
  readonly was: Account;
  readonly is: Account;
}

/** What its workers have taken over last is not known before they are asked again. */
function hasMoreToTell(state: State, { new: made }: Account): boolean {
  const generation = made === null ? undefined : findGeneration(state, made.generation);
  const stays = generation !== undefined && serves(generation);
  return stays && generation.workers.some(({ native, run }) => native && isLive(run));
}

function open(
  { id, kind, asked, requestedAt }: NonNullable<State["upgrade"]>,
  before: State,
  { clock }: Turn,
): Account {
  const old = activeGeneration(before);
  return {
    upgrade: id,
    kind,
    asked,
    startedAt: clock.wall - (clock.now - requestedAt),
    requestedAt,
    phases: [],
    old: old === undefined ? null : { generation: old.id, before: progressOf(before, old), end: null },
    new: null,
    witness: null,
    result: null,
    verdict: null,
  };
}

function bringUpToDate(account: Account, turn: Turn, before: State): Account {
  const { state, clock } = turn;
  const { upgrade } = state;
  const generation = upgrade?.id === account.upgrade ? upgrade.generation : null;
  const outcome = state.outcomes.find((one) => one.upgrade === account.upgrade);
  const made = account.new ?? (generation === null ? null : { generation, end: null });
  const next: Account = {
    ...account,
    old: account.old === null ? null : { ...account.old, ...bringSideUpToDate(account.old, state, before) },
    new: made === null ? null : bringSideUpToDate(made, state, before),
    result: outcome === undefined ? account.result : { failure: outcome.failure },
    verdict: outcome?.verdict ?? account.verdict,
  };
  return { ...next, phases: pass(account.phases, phasesIn(state, next), clock.now) };
}

/** What a generation had done is taken from the last state that had it. */
function bringSideUpToDate(side: Side, state: State, before: State): Side {
  if (side.end !== null || findGeneration(state, side.generation) !== undefined) return side;
  const last = findGeneration(before, side.generation);
  const end = last === undefined ? { listeners: null, deaths: 0 } : progressOf(before, last);
  return { generation: side.generation, end };
}

function pass(known: readonly Phase[], names: readonly PhaseName[], now: Monotonic): readonly Phase[] {
  const going = known.map((one) =>
    one.until === null && !names.includes(one.phase) ? { ...one, until: now } : one,
  );
  const begun = names.filter((name) => !going.some(({ phase, until }) => phase === name && until === null));
  return [...going, ...begun.map((phase) => ({ phase, since: now, until: null }))];
}

/** Begun and ended in one turn it was none. */
function hasEnded({ phase, since, until }: Phase, before: readonly Phase[] = []): boolean {
  return (
    until !== null && before.some((one) => one.phase === phase && one.since === since && one.until === null)
  );
}

/** In the order in which those that are at the same time are told. */
function phasesIn(state: State, { upgrade, old, new: made }: Account): readonly PhaseName[] {
  if (state.upgrade?.id === upgrade && state.upgrade.generation === null) return ["prepare"];
  if (made === null) return [];
  const generation = findGeneration(state, made.generation);
  const own = generation === undefined ? undefined : phaseOf(generation);
  if (own === "step-aside") return [own];
  const left = [generation, old === null ? undefined : findGeneration(state, old.generation)];
  const drains = left.some((one) => one !== undefined && drainsFor(one.stage, made.generation, one.id));
  return [...(drains ? (["drain"] as const) : []), ...(own === undefined ? [] : [own])];
}

/** What drains because of this upgrade, and not of a later one. */
function drainsFor(stage: Stage, made: number, id: number): boolean {
  if (stage.phase !== "draining") return false;
  const { why } = stage;
  if (id === made) return why.kind === "failed" || why.kind === "rejected";
  return (why.kind === "superseded" || why.kind === "rejected") && why.by === made;
}

const stepNames = {
  copying: "copy",
  checking: "check",
  waiting: "step-aside",
  starting: "start",
  examining: "ready",
  verifying: "verify",
  staged: "staged",
} as const satisfies Record<string, PhaseName>;

function phaseOf({ stage, workers }: Generation): PhaseName | undefined {
  if (stage.phase === "active") {
    const { kind } = stage.proof;
    return kind === "trial" || kind === "probation" ? kind : undefined;
  }
  if (stage.phase !== "candidate") return undefined;
  const name = stepNames[stage.step];
  const run = workers.length > 0 && workers.every(({ run: { phase } }) => phase !== "spawning");
  return name === "start" && run ? "ready" : name;
}

/** As long as it does something, or clients of what it left are being served. */
function isOpen({ upgrade }: State, account: Account): boolean {
  return upgrade?.id === account.upgrade || account.phases.some(({ until }) => until === null);
}
