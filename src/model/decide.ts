import { keepAccounts } from "./account.js";
import {
  advanceCandidate,
  candidateChecked,
  candidateCopied,
  candidateExamined,
  upgradePrepared,
} from "./candidate.js";
import type { Clock } from "./clock.js";
import { foldCounters, takeCounts } from "./counters.js";
import { tick } from "./deadlines.js";
import { retireDrained } from "./drain.js";
import type { Decision, Event } from "./event.js";
import { startDueAt } from "./failed-start.js";
import { activeGeneration } from "./find.js";
import { judgeErrorsOf } from "./judge.js";
import { relieveLeaving, workerLeaving } from "./leaving.js";
import { drainWorkers, leave, stop } from "./lifecycle.js";
import { listenerDown, listenerRevived } from "./listener-down.js";
import { giveOrders } from "./orders.js";
import { recovered } from "./recover.js";
import type { Wish } from "./request.js";
import { removeUnused, snapshotInspected, snapshotRemoved } from "./snapshots.js";
import { initialState, type State } from "./state.js";
import { act, announce, findWorker, setRun, type Turn, update, updateWorker } from "./turn.js";
import { closeUnused } from "./unused-listeners.js";
import {
  abort,
  beginQueued,
  isBeforeCommit,
  isUncommitted,
  leaveRejected,
  requestUpgrade,
} from "./upgrade.js";
import { condemn } from "./verdict.js";
import { candidateVerified, keepNew } from "./verification.js";
import { listenerOpened, listenerWanted } from "./wanted-listeners.js";
import { takeLook } from "./witness.js";
import {
  channelLost,
  spawnFailed,
  workerExited,
  workerNative,
  workerReady,
  workerSpawned,
  workerStatus,
} from "./workers.js";

/**
 * The whole of Holdfast's judgement: pure, without I/O, without a clock of its own.
 *
 * ```
 * upgrade:     requested ──▶ preparing ──▶ candidate ──────────────────▶ done
 *                  └─▶ queued    └─▶ failed    └─▶ failed (abort)
 *
 * generation:  candidate(copying) ─▶ (checking) ─▶ (starting) ─▶ (verifying) ─commit─▶ active ─▶ draining ─▶ gone
 *                        └─────────────────┴─────abort──┴─────────────┴──────────────────────────▲
 *                                                       └─too late─▶ (examining)─abort────────────┘
 *
 * snapshot:    making ─▶ ready ─▶ removing ─▶ gone
 *                 └─────abort────────▲
 *
 * worker:      spawning ─▶ starting ─▶ ready ─▶ stopping ─▶ draining ─▶ gone
 *                 ▲            └─crash───┴─▶ waiting ─┐
 *                 └───────────────────────────────────┘   (only in the active generation)
 *
 * lifecycle:   starting ─▶ running ⇄ drained ─▶ stopping ─▶ exit
 *                              └─▶ leaving ─▶ exit, the workers stay
 *
 * proof:       commit ─▶ trial ─▶ probation ─▶ proved        (of the generation that is active)
 *                          └──────────┴─judged bad─▶ rejected ─▶ draining
 * ```
 *
 * With `exclusive` and plain workers a candidate that has been checked waits until the active generation has drained, and only then
 * starts: when it fails, what ran before is started again, as after a first start that fails.
 *
 * On trial the generation before is held: it serves on beside the new one. When that is judged bad, or by a rollback, it is active again
 * at once. A candidate that was asked for with `--stage` stands by (staged) between verifying and the commit.
 *
 * Every action is one that the returned state knows as intended, so the caller persists first and acts then.
 */
export function decide(state: State, event: Event, clock: Clock): Decision {
  const turn: Turn = { state, actions: [], clock };
  apply(turn, event);
  settle(turn);
  // What the last daemon intended may never have been said.
  giveOrders(turn, event.type === "recovered" ? initialState : state);
  keepAccounts(turn, state, event);
  tidy(turn);
  const { actions } = turn;
  return { state: turn.state, actions };
}

function apply(turn: Turn, event: Event): void {
  switch (event.type) {
    case "recovered":
      recovered(turn, event);
      break;
    case "upgrade-requested":
      if ("mark" in event && event.mark !== undefined)
        update(turn, { reload: { mark: event.mark, upgrade: nextAnswer(turn.state) } });
      requestUpgrade(turn, event.kind, wishOf(event));
      break;
    case "prepared":
      upgradePrepared(turn, event.upgrade, event.result);
      break;
    case "snapshot-made":
      candidateCopied(turn, event.snapshot, event.result);
      break;
    case "snapshot-inspected":
      snapshotInspected(turn, event.snapshot, event.written);
      break;
    case "snapshot-removed":
      snapshotRemoved(turn, event.snapshot, event.result);
      break;
    case "checked":
      candidateChecked(turn, event.generation, event.failure);
      break;
    case "examined":
      candidateExamined(turn, event.generation, event.why);
      break;
    case "verified":
      candidateVerified(turn, event.generation, event.failure, event.noWayBack);
      break;
    case "judged-bad":
      condemn(turn, event.generation, event.why);
      break;
    case "spawned":
      workerSpawned(turn, event);
      break;
    case "spawn-failed":
      spawnFailed(turn, event, event.failure);
      break;
    case "worker-ready":
      workerReady(turn, event, event.pid);
      break;
    case "worker-native":
      workerNative(turn, event, event.protocol);
      break;
    case "channel-lost":
      channelLost(turn, event);
      break;
    case "worker-leaving":
      workerLeaving(turn, event, event.pid);
      break;
    case "worker-status":
      workerStatus(turn, event, event.pid, event.text);
      break;
    case "counted":
      turn.state = takeCounts(turn.state, event.counts);
      judgeErrorsOf(turn);
      break;
    case "counts-asked":
      break;
    case "looked":
      takeLook(turn, event.look);
      break;
    case "worker-exited":
      workerExited(turn, event, event);
      break;
    case "signalled":
      for (const slot of event.slots) {
        const run = findWorker(turn.state, slot)?.run;
        if (run?.phase === "stopping") setRun(turn, slot, { ...run, phase: "draining" });
      }
      for (const slot of event.plain) updateWorker(turn, slot, { native: false });
      break;
    case "listener-wanted":
      listenerWanted(turn, event);
      break;
    case "listener-opened":
      listenerOpened(turn, event);
      break;
    case "listener-closed":
      update(turn, { closing: turn.state.closing.filter(({ id }) => id !== event.id) });
      break;
    case "listener-down":
      listenerDown(turn, event.id);
      break;
    case "listener-revived":
      listenerRevived(turn, event.id, event.failure);
      break;
    case "tick":
      tick(turn);
      break;
    case "keep-requested":
      keepNew(turn, event.asked ?? null);
      break;
    case "drain-requested":
      drainWorkers(turn);
      break;
    case "stop-requested":
      stop(turn, event.fast);
      break;
    case "leave-requested":
      leave(turn, event.next);
      break;
    case "persist-failed":
      update(turn, { unwritable: event.failure });
      if (isUncommitted(turn.state)) abort(turn, event.failure);
      break;
    case "persist-restored":
      update(turn, { unwritable: null });
      break;
    case "faulted":
      if (isBeforeCommit(turn.state)) abort(turn, event.failure);
      break;
    default:
      event satisfies never;
  }
}

function wishOf(event: Extract<Event, { type: "upgrade-requested" }>): Wish {
  const { asked = null } = event;
  if (event.kind === "rollback") return { to: event.to, asked };
  const { hold, stage, force } = event;
  return { hold, stage, force, asked };
}

/** What follows from the state itself, whichever event led to it. */
function settle(turn: Turn): void {
  advanceCandidate(turn);
  relieveLeaving(turn);
  retireDrained(turn);
  removeUnused(turn);
  leaveRejected(turn);
  const startAt = startDueAt(turn.state);
  if (startAt !== undefined && startAt <= turn.clock.now) requestUpgrade(turn, "start");
  const { lifecycle, queued, upgrade } = turn.state;
  if (lifecycle.phase !== "leaving" && upgrade === null && queued !== null) beginQueued(turn, queued);
}

/** What is left to do once everybody has been told. */
function tidy(turn: Turn): void {
  const { lifecycle, generations } = turn.state;
  closeUnused(turn);
  foldCounters(turn);
  keepUptime(turn);
  if (lifecycle.phase !== "stopping" || generations.length > 0) return;
  if (lifecycle.failure !== null) announce(turn, "error", "start-failed", lifecycle.failure.message);
  act(turn, { type: "exit", status: lifecycle.failure === null ? "stopped" : "failed" });
}

/** From the first answer until the service is told to stop, whatever becomes of daemons and workers. */
function keepUptime(turn: Turn): void {
  const { lifecycle, upSince } = turn.state;
  if (lifecycle.phase === "stopping") {
    if (upSince !== null) update(turn, { upSince: null });
  } else if (upSince === null && activeGeneration(turn.state) !== undefined) {
    update(turn, { upSince: turn.clock.now });
  }
}

/** The id under which a request that comes next will be answered: it joins the one that waits, or is a new one. */
export function nextAnswer(state: State): number {
  return state.queued?.id ?? state.nextUpgrade;
}
