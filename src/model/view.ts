import { formatDuration } from "../lib/duration.js";
import type { Monotonic } from "./clock.js";
import { describeFailedStart, startDueAt } from "./failed-start.js";
import { activeGeneration, candidateGeneration, heldGeneration, stagedGeneration } from "./find.js";
import type { Generation, Proof } from "./generation-state.js";
import { leftReason } from "./rejected.js";
import { isRefused } from "./request.js";
import type { RolledBack, State } from "./state.js";
import { isStart } from "./upgrade.js";
import type { Outcome } from "./upgrade-state.js";

/** The service as its manager is to see it; what is told to systemd follows from this and nothing else. */
export interface ServiceView {
  /** `starting`: what the start asked for has not ended, so READY=1 waits. */
  readonly phase: "starting" | "ready" | "reloading" | "stopping";
  /** STATUS=. */
  readonly status: string;
  /** Until when the running start, reload or stop may take: for EXTEND_TIMEOUT_USEC. */
  readonly busyUntil: Monotonic | null;
}

export function viewService(state: State): ServiceView {
  return { phase: phaseOf(state), status: summarize(state), busyUntil: busyUntil(state) };
}

function phaseOf({ lifecycle, upgrade }: State): ServiceView["phase"] {
  if (lifecycle.phase === "stopping") return "stopping";
  if (lifecycle.phase === "starting" || upgrade?.kind === "restart") return "starting";
  return upgrade === null ? "ready" : "reloading";
}

function busyUntil(state: State): Monotonic | null {
  if (state.lifecycle.phase === "stopping") {
    return endOfDrains(state);
  }
  const candidate = candidateGeneration(state);
  if (candidate?.stage.phase === "candidate") {
    return candidate.stage.step === "waiting" ? endOfDrains(state) : candidate.stage.deadline;
  }
  const due = startDueAt(state);
  if (due !== undefined) return due;
  const proof = proofOf(state);
  return state.upgrade !== null && proof?.kind === "trial" ? proof.until : null;
}

function endOfDrains({ generations }: State): Monotonic | null {
  return generations.length === 0 ? null : Math.max(...generations.map(endOfDrain));
}

function endOfDrain({ stage, specification }: Generation): Monotonic {
  if (stage.phase !== "draining") return 0;
  return stage.deadline + (stage.pressure === "asked" ? specification.plan.drain.killMs : 0);
}

/** One sentence for STATUS= and `holdfast status`. */
export function summarize(state: State): string {
  const { lifecycle, upgrade } = state;
  const active = activeGeneration(state);
  const parts = [active === undefined ? describeIdle(state) : describeActive(active)];
  if (lifecycle.phase === "stopping" && lifecycle.failure !== null) return lifecycle.failure.message;
  if (upgrade !== null && !isStart(upgrade.kind)) {
    parts.push(`upgrade to generation ${upgrade.generation ?? state.nextGeneration} is under way`);
  } else if (startDueAt(state) === undefined) {
    const last = describeLast(state);
    if (last !== null) parts.push(last);
  }
  const held = heldGeneration(state);
  const proof = proofOf(state);
  if (proof?.kind === "trial") {
    parts.push(held === undefined ? "on trial" : `on trial beside generation ${held.id}`);
  }
  if (proof?.kind === "probation") parts.push("on probation");
  if (proof?.kind === "rejected") parts.push(proof.failure.message);
  const staged = stagedGeneration(state);
  if (staged !== undefined) parts.push(`generation ${staged.id} stands by`);
  const draining = state.generations.filter(({ stage }) => stage.phase === "draining");
  if (draining.length > 0) parts.push(`draining ${draining.map(({ id }) => id).join(", ")}`);
  if (state.unwritable !== null) parts.push(`no upgrades: ${state.unwritable.message}`);
  return parts.join("; ");
}

function describeActive({ id, workers: all }: Generation): string {
  const workers = all.filter(({ leaving }) => leaving === undefined);
  const ready = workers.filter(({ run }) => run.phase === "ready").length;
  const count = ready === workers.length ? `${ready}` : `${ready} of ${workers.length}`;
  return `generation ${id}, ${count} worker${count === "1" ? "" : "s"} ready`;
}

function describeIdle(state: State): string {
  const { lifecycle, upgrade, nextGeneration } = state;
  if (lifecycle.phase === "stopping") return "stopping";
  if (lifecycle.phase === "drained") return "drained; the listeners stay open";
  if (startDueAt(state) !== undefined) return `${describeFailedStart(state)}; it is tried again soon`;
  return `starting generation ${upgrade?.generation ?? nextGeneration}`;
}

function lastTried({ outcomes }: State): Outcome | undefined {
  return outcomes.findLast((one) => !isRefused(one));
}

function describeLast(state: State): string | null {
  const last = lastTried(state);
  if (last === undefined) return null;
  const at = new Date(last.endedAt).toISOString().slice(11, 19);
  const what = last.kind === "start" ? "start" : "last upgrade";
  if (last.failure === null && last.kind === "fallback") return describeFallback(state);
  if (last.failure === null && state.rolledBack !== null) return describeRolledBack(state.rolledBack);
  if (last.failure === null) return `${what} at ${at} UTC took ${formatDuration(last.tookMs)}`;
  const target = last.generation === null ? "upgrade" : `upgrade to generation ${last.generation}`;
  const serving = activeGeneration(state);
  const rest = serving === undefined ? "" : `; still serving ${serving.id}`;
  return `${target} failed: ${last.failure.message}${rest}`;
}

function describeRolledBack({ to, failure }: RolledBack): string {
  return `rolled back to ${to}, and the release on the disk is not running: ${failure.message}`;
}

function describeFallback({ outcomes }: State): string {
  const why =
    outcomes.findLast(({ kind }) => kind !== "fallback")?.failure?.message ?? "its reason is not known";
  return `the release could not be started, so what ran last serves: ${why}`;
}

/** Why the service is not as it should be; null when it is. */
export function degradation(state: State): string | null {
  const active = activeGeneration(state);
  if (state.unwritable !== null) return state.unwritable.message;
  if (active === undefined) return describeNobody(state);
  const proof = proofOf(state);
  if (proof?.kind === "rejected") return proof.failure.message;
  const last = lastTried(state);
  if (last !== undefined && last.failure !== null) return `the last upgrade failed: ${last.failure.message}`;
  if (last?.kind === "fallback") return describeFallback(state);
  // What somebody has left by hand is as it should be.
  if (state.rolledBack !== null && state.rolledBack.failure.reason !== leftReason)
    return describeRolledBack(state.rolledBack);
  const missing = active.workers.filter(({ run }) => run.phase !== "ready").length;
  return missing === 0
    ? null
    : `${missing} of ${active.workers.length} workers of generation ${active.id} are not ready`;
}

/** A check that looks in while the first generation still boots is not to take it for a service that answers. */
function describeNobody(state: State): string | null {
  const { phase } = state.lifecycle;
  if (phase === "drained") return "drained: no workers";
  return (
    describeFailedStart(state) ??
    (phase === "starting" ? "it is being started, and answers nobody yet" : null)
  );
}

function proofOf(state: State): Proof | undefined {
  const stage = activeGeneration(state)?.stage;
  return stage?.phase === "active" ? stage.proof : undefined;
}
