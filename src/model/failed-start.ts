import { backoffMs } from "../lib/backoff.js";
import { formatDuration } from "../lib/duration.js";
import type { Monotonic } from "./clock.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration } from "./find.js";
import type { State } from "./state.js";
import { announce, type Turn, update } from "./turn.js";

/** A daemon that comes so long after it might have tried again has nothing to do with the last one. */
const forgottenAfterMs = 60_000;

/**
 * Nothing could be started, so the service ends with this failure, as whoever asked for the start expects. Whatever starts the next
 * daemon, be it Restart= or a client of the socket unit, that one waits first.
 */
export function failStart(turn: Turn, failure: ModelFailure): void {
  const count = (turn.state.failedStart?.count ?? 0) + 1;
  const retryAt = turn.clock.now + backoffMs(count);
  update(turn, { lifecycle: { phase: "stopping", failure }, failedStart: { count, failure, retryAt } });
}

/** True when the start has to wait; `wanted`: somebody wants it now. */
export function postponeStart(turn: Turn, wanted: boolean): boolean {
  const { failedStart } = turn.state;
  const { now } = turn.clock;
  if (failedStart === null) return false;
  if (now >= failedStart.retryAt + forgottenAfterMs) update(turn, { failedStart: null });
  if (wanted || now >= failedStart.retryAt) return false;
  const rest = `tried again in ${formatDuration(failedStart.retryAt - now)}`;
  announce(turn, "warning", "start-waits", `${describeFailedStart(turn.state)}; ${rest}`);
  return true;
}

/** When a start that waits is due; undefined where none waits. */
export function startDueAt(state: State): Monotonic | undefined {
  const { lifecycle, upgrade, failedStart } = state;
  const waits = lifecycle.phase === "starting" && upgrade === null && activeGeneration(state) === undefined;
  return waits ? failedStart?.retryAt : undefined;
}

/** Undefined where none has failed. */
export function describeFailedStart({ failedStart }: State): string | undefined {
  if (failedStart === null) return undefined;
  const { count, failure } = failedStart;
  return `${count === 1 ? "the last start" : `${count} starts`} failed: ${failure.message}`;
}
