import type { ReexecFailure } from "../control/port.js";
import { formatDuration } from "../lib/duration.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { closeFd } from "../linux/fd.js";
import { isReadable } from "../linux/poll.js";
import type { State } from "../model/state.js";
import { nameWorker } from "../model/turn.js";
import type { Predecessor } from "../succession/predecessor.js";
import { startSuccessor } from "../succession/start-successor.js";
import { signalFor, stayForWorkers } from "../succession/stay.js";
import type { Successor } from "../succession/takeover-socket.js";
import { awaitHeard } from "../systemd/barrier.js";
import type { InheritedFd } from "../systemd/listen-fds.js";
import { exitStatusOf } from "./exit-status.js";
import { boundMetricsFdName, controlFdName, metricsFdName, parseWorkerFdName } from "./recover/fd-names.js";
import type { TenureEnd } from "./service.js";
import { die, type Setup } from "./setup.js";
import type { HeldSignals } from "./signals.js";

/** What a daemon begins with, whoever gave it. */
export interface Beginning {
  readonly fds: readonly InheritedFd[];
  /** It was asked for everything, and waits. */
  readonly predecessor?: Predecessor | undefined;
  /** Why this process is still the daemon although it was to be replaced. */
  readonly reexecFailed?: ReexecFailure;
  /** This process has been the daemon, and begins anew after a fault of its own. */
  readonly faulted?: true;
  /** What came while nobody acted. */
  readonly heldSignals?: HeldSignals;
}

const inCircles: Failure<"daemon-fault"> = {
  reason: "daemon-fault",
  message:
    "the daemon has begun anew again and again, and ends; the workers serve on, and the next daemon adopts them",
};

/** For a daemon that runs, and has to recover what it was given. */
const patienceMs = 5_000;
/** For the orders of a successor that still lives to come first. */
const marginMs = 10_000;

/**
 * Gives everything to the next daemon and ends this process: to the one that asked for it, to the program on disk where no service
 * manager would start it, else to whichever comes. Returns only when that has failed: then this daemon begins again.
 */
export async function passOn(setup: Setup, end: TenureEnd): Promise<Beginning> {
  const { status, state, fds, heldSignals, link, successor } = end;
  const { pidFile, exec, notifier, watchdogMs, log, faults } = setup;
  if (status === "faulted") {
    if (!faults.mayBeginAnew()) return die(setup, 1, inCircles);
    return { fds, faulted: true, heldSignals };
  }
  const nobodyElseDoes = exec || notifier === undefined || isReloadWaiting(state);
  const startsNext = status === "leaving-reexec" && nobodyElseDoes;
  if (successor === undefined && !startsNext) {
    if (status === "stopped" || status === "failed") pidFile.remove();
    await end.answered;
    process.exit(exitStatusOf(status, state));
  }
  // While the other one is tried the watchdog is kept quiet.
  const beat = watchdogMs === undefined ? undefined : setInterval(() => link.beat(), watchdogMs);
  const passing =
    successor === undefined ? passToProgram(setup, end) : passToSuccessor(setup, end, successor);
  const passed = await passing.catch((error: unknown) => fail("takeover-failed", messageOf(error)));
  if (passed.ok) process.exit(0);
  clearInterval(beat);
  const { message, reason } = passed.failure;
  log.write({ level: "error", event: reason, message: `${message}; this daemon goes on` });
  return { fds, reexecFailed: { at: Date.now(), message }, heldSignals };
}

/** Until ExecReload= has ended systemd starts no daemon in the place of one that has; and it ends with the upgrade. */
function isReloadWaiting({ upgrade, queued }: State): boolean {
  return [upgrade, queued].some((request) => request?.asked?.by.kind === "reload");
}

/** The program on disk takes this one's place. */
async function passToProgram(
  { pidFile, unit, notifier }: Setup,
  { fds, heldSignals, link }: TenureEnd,
): Promise<Result<void, Failure<"reexec-failed" | "takeover-failed">>> {
  pidFile.setAside();
  const successor = await startSuccessor({
    fds,
    inUnit: unit !== undefined,
    isNeeded: () => heldSignals.some || fds.some(needsSomebody),
  });
  if (!successor.ok) {
    pidFile.putBack();
    return successor;
  }
  heldSignals.sendTo(successor.value);
  if (notifier !== undefined) {
    link.nameSuccessor(successor.value);
    awaitHeard();
  }
  pidFile.removeOld();
  return succeed(undefined);
}

const clientsComeAt = [controlFdName, metricsFdName, boundMetricsFdName];

/** A worker that has ended, or a client of the daemon's own sockets. */
function needsSomebody({ fd, name }: InheritedFd): boolean {
  return (clientsComeAt.includes(name) || parseWorkerFdName(name) !== undefined) && isReadable(fd);
}

/** Another daemon, which asked for it, takes this one's place. */
async function passToSuccessor(
  { log, pidFile }: Setup,
  { fds, state }: TenureEnd,
  successor: Successor,
): Promise<Result<void, Failure<"reexec-failed" | "takeover-failed">>> {
  const pidfds = new Map(
    fds.flatMap(({ fd, name }) => {
      const slot = parseWorkerFdName(name);
      return slot === undefined ? [] : [[nameWorker(slot), fd] as const];
    }),
  );
  log.write({ level: "info", event: "takeover", message: `${successor.who} takes over` });
  successor.give(fds);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    if (successor.leave()) return;
    const why = "it acts, cannot be killed from here, and does not say that it has recovered";
    log.write({
      level: "warning",
      event: "takeover-late",
      message: `${successor.who} is waited for: ${why}`,
    });
  }, patienceMs);
  for (let said = await successor.next(); said !== undefined; said = await successor.next()) {
    if (said.type === "ready") clearTimeout(timer);
    if (said.type === "signal") signalFor(said, pidfds);
    if (said.type !== "committed" && (said.type !== "ready" || !successor.keepsWorkers)) continue;
    pidFile.remove();
    log.write({ level: "info", event: "takeover-done", message: `${successor.who} has taken over` });
    if (!successor.keepsWorkers) {
      for (const { fd, name } of fds) if (parseWorkerFdName(name) === undefined) closeFd(fd);
      await stayForWorkers(pidfds, successor, longestDrainMs(state) + marginMs);
    }
    return succeed(undefined);
  }
  clearTimeout(timer);
  if (!late) successor.leave();
  const why = late
    ? `did not take over within ${formatDuration(patienceMs)}`
    : "ended before it had taken over";
  return fail("takeover-failed", `${successor.who} ${why}`);
}

function longestDrainMs({ generations }: State): number {
  const times = generations.map(({ specification: { plan } }) => plan.drain.timeoutMs + plan.drain.killMs);
  return Math.max(0, ...times);
}
