import { isDeepStrictEqual } from "node:util";
import type { Monotonic } from "../../../src/model/clock.js";
import { serviceTotals } from "../../../src/model/counters.js";
import { nextDeadline } from "../../../src/model/deadlines.js";
import type { Decision, Event } from "../../../src/model/event.js";
import { activeGeneration, findGeneration, heldGeneration, isLive } from "../../../src/model/find.js";
import type { Generation } from "../../../src/model/generation-state.js";
import { findRejected } from "../../../src/model/rejected.js";
import { whereToGoBack } from "../../../src/model/retired.js";
import type { State } from "../../../src/model/state.js";
import { isUncommitted } from "../../../src/model/upgrade.js";
import { unexplainedActions } from "./explained.js";
import { wrongState } from "./wrong-state.js";

export interface Step {
  readonly before: State;
  readonly event: Event;
  readonly now: Monotonic;
  readonly decision: Decision;
}

/** What one step of the model did that it must never do; empty for a right one. */
export function violations(step: Step): string[] {
  const { state } = step.decision;
  return [
    ...wrongState(state),
    ...lostActive(step),
    ...secondWriter(step),
    ...earlyHeirs(step),
    ...lostRequests(step),
    ...lostAccounts(step),
    ...returnedRejects(step),
    ...ignoredVerdict(step),
    ...wrongWayBack(step),
    ...lostDeadlines(step),
    ...idleTick(step),
    ...mortalHeirs(step),
    ...fallenTotals(step),
    ...unexplainedActions(step),
  ];
}

/** Once active, there is an active generation until stop or drain; it changes by an upgrade only, to one that is ready. */
function lostActive({ before, decision: { state } }: Step): string[] {
  const was = activeGeneration(before);
  const is = activeGeneration(state);
  if (was?.id === is?.id) return [];
  if (is === undefined) {
    const allowed = ["stopping", "drained"].includes(state.lifecycle.phase) || isAwaited(state);
    return allowed ? [] : [`generation ${was?.id} is lost while ${state.lifecycle.phase}`];
  }
  if (findGeneration(before, is.id)?.stage.phase === "held") return [];
  if (before.upgrade?.generation !== is.id) return [`generation ${is.id} is active without an upgrade`];
  const ready = is.workers.every(({ run }) => run.phase === "ready");
  return ready ? [] : [`generation ${is.id} is active before its workers are ready`];
}

/** A candidate starts when those before it have ended. */
function isAwaited({ generations, lifecycle }: State): boolean {
  const isExclusive = ({ specification: { plan } }: Generation): boolean => plan.strategy === "exclusive";
  const candidate = generations.find(({ stage }) => stage.phase === "candidate");
  return lifecycle.phase === "starting" && candidate !== undefined && isExclusive(candidate);
}

/** With `exclusive` nobody is started beside workers that cannot hand over. */
function secondWriter({ before, decision: { state, actions } }: Step): string[] {
  return actions.flatMap((action) => {
    if (action.type !== "spawn") return [];
    const spawned = findGeneration(state, action.generation);
    if (spawned?.stage.phase !== "candidate" || spawned.specification.plan.strategy === "overlap") return [];
    // It has been started already, and the next daemon starts what it has lost once more.
    if ((findGeneration(before, action.generation)?.workers.length ?? 0) > 0) return [];
    const plain = state.generations.filter(
      ({ id, workers }) => id !== spawned.id && workers.some(({ run, native }) => isLive(run) && !native),
    );
    return plain.map(({ id }) => `generation ${spawned.id} is started beside ${id}, which cannot hand over`);
  });
}

/** With `exclusive` nobody accepts beside the worker whose place it takes, before that one has let go. */
function earlyHeirs({ decision: { state, actions } }: Step): string[] {
  return actions.flatMap((action) => {
    if (action.type !== "activate") return [];
    return action.slots.flatMap(({ generation: id, index }) => {
      const generation = findGeneration(state, id);
      if (generation?.specification.plan.strategy !== "exclusive") return [];
      const after = new Set(action.after.map((slot) => slot.index));
      const before = generation.workers.filter((one) => one.leaving?.heir === index && isLive(one.run));
      const writer = before.find((one) => !after.has(one.index));
      return writer === undefined ? [] : [`worker ${id}.${index} accepts beside ${id}.${writer.index}`];
    });
  });
}

/** Nobody gets to see again what was judged bad, unless it is asked for in so many words or there is nothing else; nor by itself what was left. */
function returnedRejects({ before, decision: { state } }: Step): string[] {
  const is = activeGeneration(state);
  if (is === undefined || findGeneration(before, is.id)?.stage.phase !== "candidate") return [];
  const mark = findRejected(before, is);
  const { upgrade } = before;
  if (mark === undefined || upgrade === null || upgrade.force) return [];
  if (upgrade.kind === "rollback" && upgrade.to !== null) return [];
  if (upgrade.kind === "upgrade" && mark.by !== "judge") return [];
  const others = before.retired.filter((one) => findRejected(before, one) === undefined);
  return others.length === 0 ? [] : [`generation ${is.id} is active although it was rejected`];
}

/** What a judge says is obeyed within the one decision. */
function ignoredVerdict({ before, event, decision: { state } }: Step): string[] {
  if (event.type !== "judged-bad") return [];
  const was = findGeneration(before, event.generation)?.stage;
  if (was?.phase !== "active" || !["trial", "probation"].includes(was.proof.kind)) return [];
  const is = findGeneration(state, event.generation)?.stage;
  const held = before.generations.some(({ stage }) => stage.phase === "held");
  if (is?.phase === "active" && is.proof.kind === "rejected") {
    const stays = held && findGeneration(before, event.generation)?.noWayBack === null;
    return stays ? [`generation ${event.generation} is judged bad, and the held one does not serve`] : [];
  }
  if (is === undefined || is.phase === "draining") return [];
  return [`generation ${event.generation} is judged bad, and nothing happens`];
}

/** A way back that nobody has asked for goes to what was proved. */
function wrongWayBack({ before, event, decision: { state } }: Step): string[] {
  const { upgrade } = state;
  const asked = event.type === "upgrade-requested" || before.queued !== null;
  if (upgrade?.kind !== "rollback" || before.upgrade?.id === upgrade.id || asked) return [];
  const target = before.retired.find(({ generation }) => generation === upgrade.to);
  const good = target?.proved && findRejected(state, target) === undefined;
  return good ? [] : [`it goes back to generation ${upgrade.to} by itself, which is not proved`];
}

/**
 * Trials and probations go on over the death of a daemon. What was judged bad stays so, for the same reason; the time for the way back moves
 * only where that was due: it has begun, or what it led to is gone.
 */
function lostDeadlines({ before, event, now, decision: { state } }: Step): string[] {
  if (event.type !== "recovered") return [];
  const [was, is] = [activeGeneration(before), activeGeneration(state)];
  if (was?.stage.phase !== "active" || is?.stage.phase !== "active" || is.id !== was.id) return [];
  if (isDeepStrictEqual(is.stage, was.stage)) return [];
  const changed = [`generation ${is.id} is not what it was before`];
  const { proof } = is.stage;
  if (was.stage.proof.kind !== "rejected" || proof.kind !== "rejected") return changed;
  const { retryAt } = was.stage.proof;
  if (retryAt === null || retryAt > now) return changed;
  const tried = { ...is.stage, proof: { ...proof, retryAt } };
  if (!isDeepStrictEqual(tried, was.stage)) return changed;
  const begun = proof.retryAt !== null && proof.retryAt > now && state.upgrade?.kind === "rollback";
  const hopeless = proof.retryAt === null && whereToGoBack(state, is) === null;
  return begun || hopeless ? [] : changed;
}

/** Each request runs, waits or has an outcome, and its outcome stays. */
function lostRequests({ before, decision: { state } }: Step): string[] {
  const found: string[] = [];
  const ended = state.outcomes.map(({ upgrade }) => upgrade);
  for (const id of [before.upgrade?.id, before.queued?.id]) {
    if (id === undefined || state.upgrade?.id === id || state.queued?.id === id) continue;
    if (!ended.includes(id)) found.push(`request ${id} is lost without an outcome`);
  }
  for (let id = before.nextUpgrade; id < state.nextUpgrade; id++) {
    if (state.upgrade?.id !== id && state.queued?.id !== id && !ended.includes(id)) {
      found.push(`request ${id} is lost at once`);
    }
  }
  const running = state.upgrade;
  if (running !== null && state.unwritable !== null && isUncommitted(state)) {
    if (before.upgrade?.id !== running.id || before.unwritable === null) {
      found.push(`upgrade ${running.id} runs although the state cannot be written`);
    }
  }
  return found;
}

/** An account is kept until it goes to the ledger, once. */
function lostAccounts({ before, decision: { state, actions } }: Step): string[] {
  const written = actions.flatMap((action) =>
    action.type === "record" && action.entry.kind === "account" ? [action.entry.account.upgrade] : [],
  );
  const kept = state.accounts.map(({ upgrade }) => upgrade);
  const lost = before.accounts.filter(({ upgrade }) => !kept.includes(upgrade) && !written.includes(upgrade));
  const known = [...before.accounts.map(({ upgrade }) => upgrade), before.upgrade?.id, state.upgrade?.id];
  return [
    ...lost.map(({ upgrade }) => `the account of upgrade ${upgrade} is lost`),
    ...written
      .filter((id) => !known.includes(id))
      .map((id) => `an account of upgrade ${id} comes from nowhere`),
  ];
}

/** Connections go to workers that stay: of the active generation, or, where a worker leaves the one that is held, of that one. */
function mortalHeirs({ decision: { state, actions } }: Step): string[] {
  const [active, held] = [activeGeneration(state)?.id, heldGeneration(state)?.id];
  const orders = actions.flatMap((action) => (action.type === "terminate" ? [action] : []));
  return orders.flatMap(({ slots: [from], to }) => {
    const mortal = to.find(
      ({ generation: id }) => id !== active && (id !== held || from?.generation !== held),
    );
    return mortal === undefined
      ? []
      : [`connections go to generation ${mortal.generation}, active is ${active}`];
  });
}

/** After a tick the next deadline lies ahead: a timer set for it cannot spin. */
function idleTick({ event, now, decision: { state } }: Step): string[] {
  if (event.type !== "tick") return [];
  const next = nextDeadline(state);
  return next !== undefined && next <= now ? [`after a tick at ${now} the next deadline is ${next}`] : [];
}

/** What has been shown once is never less later. */
function fallenTotals({ before, decision: { state } }: Step): string[] {
  const now = new Map(serviceTotals(state).map(({ listener, requests }) => [listener, requests]));
  return serviceTotals(before)
    .filter(({ listener, requests }) => (now.get(listener) ?? 0) < requests)
    .map(({ listener }) => `the totals of ${listener} go back`);
}
