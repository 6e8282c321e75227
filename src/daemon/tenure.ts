import type { ReexecFailure } from "../control/port.js";
import { takeoverSocketIn } from "../lib/directories.js";
import type { Failure } from "../lib/failure.js";
import { bootId, monotonicMs } from "../linux/boot.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import { createMemfd } from "../linux/memfd.js";
import type { Log } from "../log/log.js";
import type { State } from "../model/state.js";
import { nameWorker } from "../model/turn.js";
import { StateStore } from "../state/state-store.js";
import { type Predecessor, predecessorBehind } from "../succession/predecessor.js";
import { startSuccessor } from "../succession/start-successor.js";
import { signalFor, stayForWorkers } from "../succession/stay.js";
import { type Successor, TakeoverSocket } from "../succession/takeover-socket.js";
import type { Effects } from "../supervisor/effects.js";
import { removeFd } from "../systemd/fd-store.js";
import type { InheritedFd } from "../systemd/listen-fds.js";
import { ManagerLink } from "../systemd/manager-link.js";
import type { Notifier } from "../systemd/notify.js";
import { exitConfig, exitStatusOf } from "./exit-status.js";
import { parseWorkerFdName } from "./fd-names.js";
import { sortInheritance } from "./inheritance.js";
import { KeptFds } from "./kept-fds.js";
import type { DaemonOptions } from "./options.js";
import type { PidFile } from "./pid-file.js";
import type { Source } from "./restore.js";
import { startService } from "./service.js";
import { holdSignals } from "./signals.js";

export interface TenureOptions extends DaemonOptions {
  readonly watcher: Watcher;
  readonly log: Log;
  readonly notifier: Notifier | undefined;
  readonly unit: string | undefined;
  readonly watchdogMs: number | undefined;
  readonly pidFile: PidFile;
  readonly wrapEffects: (effects: Effects) => Effects;
}

/** What a daemon begins with, whoever gave it. */
export interface Beginning {
  readonly fds: readonly InheritedFd[];
  /** It was asked for everything, and waits. */
  readonly predecessor?: Predecessor;
  /** This process was the daemon before, and its successor failed. */
  readonly reexecFailed?: ReexecFailure;
}

/** For the orders of a successor that still lives to come first. */
const marginMs = 10_000;

const starting: Failure = { reason: "starting", message: "it is being started itself; try again" };

const firstProcess: Failure = {
  reason: "first-process",
  message:
    "cannot re-exec: this daemon is the first process of its container, which ends with it; start another container with --takeover",
};

/** `end` returns the signals that came meanwhile. */
interface Wait {
  end(): readonly NodeJS.Signals[];
}

type Release = () => readonly InheritedFd[];

/**
 * The time in which this process is the daemon. It begins with a set of named fds and the state, wherever they come from,
 * and it may end by giving them to another; when that fails, it begins anew with the same.
 */
export class Tenure {
  readonly #options: TenureOptions;
  /** Who asked for this daemon's place, while the loop comes to its end for it. */
  #applicant: Successor | undefined;

  constructor(options: TenureOptions) {
    this.#options = options;
  }

  /** Recovers and serves. Ends the process when that is not possible. */
  async begin({ fds, predecessor: given, reexecFailed }: Beginning): Promise<void> {
    const { watcher, notifier, pidFile, name, directories } = this.#options;
    const inheritance = sortInheritance(fds, (fdName, problem) => {
      removeFd(fdName);
      this.#warn(problem);
    });
    const started = inheritance.predecessor;
    const predecessor = given ?? (started === undefined ? undefined : predecessorBehind(started, watcher));
    const foreign = predecessor?.keepsWorkers === false;
    const source: Source = foreign
      ? "foreign-daemon"
      : predecessor !== undefined || reexecFailed !== undefined
        ? "daemon"
        : "manager";
    // Only the main process is listened to: that is still the predecessor where both are in one unit.
    const silent = started !== undefined;
    const link = new ManagerLink(notifier, monotonicMs, silent);
    const fdStore = new KeptFds(notifier !== undefined && !silent);
    // One that may take everything back must find its own state as it left it.
    const memfd = (foreign ? undefined : inheritance.state) ?? createMemfd("holdfast-state");
    let makeWay = (): Failure | null => starting;
    const takeover = this.#openTakeover((applicant) => {
      this.#applicant = applicant;
      const refusal = makeWay();
      if (refusal === null) return;
      this.#applicant = undefined;
      applicant.refuse(refusal);
    });
    const service = await startService({
      ...this.#options,
      inheritance,
      source,
      memfd,
      fdStore,
      store: new StateStore({ name, directory: directories.state, bootId: bootId() ?? "unknown", memfd }),
      link,
      reexecFailed: reexecFailed ?? null,
      obstacleToReexec: process.pid === 1 ? firstProcess : null,
      signalUnseen: (slot, signal) => predecessor?.signal(slot, signal),
      onPersisted: foreign ? trial(predecessor, (failure) => this.#giveUp(failure)) : () => {},
      onExit: (status, state, release) => {
        takeover.close();
        const applicant = this.#applicant;
        if (applicant !== undefined) void this.#giveAway(applicant, state, release, link);
        else if (status === "leaving-reexec" && (this.#options.exec || notifier === undefined))
          void this.#exec(release, link);
        else {
          if (status === "stopped" || status === "failed") pidFile.remove();
          process.exit(exitStatusOf(status, state));
        }
      },
    });
    if (!service.ok) {
      return predecessor === undefined ? this.#give(1, service.failure) : this.#giveUp(service.failure);
    }
    makeWay = service.value.makeWay;
    pidFile.write();
    if (predecessor === undefined) pidFile.removeOld();
    predecessor?.onGone(() => {
      pidFile.removeOld();
      if (!silent) return;
      if (notifier !== undefined) fdStore.manage();
      link.speak();
    });
    predecessor?.ready();
  }

  /** The program on disk takes this one's place; if it does not, this process goes on. */
  async #exec(release: Release, link: ManagerLink): Promise<void> {
    const { pidFile, unit, notifier } = this.#options;
    const wait = this.#wait(link);
    const fds = release();
    pidFile.setAside();
    const successor = await startSuccessor({ fds, inUnit: unit !== undefined });
    if (successor.ok) {
      for (const signal of wait.end()) process.kill(successor.value, signal);
      if (notifier !== undefined) link.nameSuccessor(successor.value);
      pidFile.removeOld();
      process.exit(0);
    }
    pidFile.putBack();
    await this.#goOn(fds, successor.failure, wait);
  }

  /** Another daemon takes this one's place; if it does not, this process goes on. */
  async #giveAway(applicant: Successor, state: State, release: Release, link: ManagerLink): Promise<void> {
    const { log, pidFile } = this.#options;
    this.#applicant = undefined;
    const wait = this.#wait(link);
    const fds = release();
    const pidfds = new Map(
      fds.flatMap(({ fd, name }) => {
        const slot = parseWorkerFdName(name);
        return slot === undefined ? [] : [[nameWorker(slot), fd] as const];
      }),
    );
    log.write({ level: "info", event: "takeover", message: `${applicant.who} takes over` });
    applicant.give(fds);
    for (let said = await applicant.next(); said !== undefined; said = await applicant.next()) {
      if (said.type === "signal") signalFor(said, pidfds);
      if (said.type !== "committed" && (said.type !== "ready" || !applicant.keepsWorkers)) continue;
      pidFile.remove();
      log.write({ level: "info", event: "takeover-done", message: `${applicant.who} has taken over` });
      if (!applicant.keepsWorkers) {
        for (const { fd, name } of fds) if (parseWorkerFdName(name) === undefined) closeFd(fd);
        await stayForWorkers(pidfds, applicant, longestDrainMs(state) + marginMs);
      }
      process.exit(0);
    }
    const failure = { reason: "takeover-failed", message: `${applicant.who} ended before it had taken over` };
    await this.#goOn(fds, failure, wait);
  }

  async #goOn(fds: readonly InheritedFd[], failure: Failure, wait: Wait): Promise<void> {
    const { message, reason } = failure;
    this.#options.log.write({ level: "error", event: reason, message: `${message}; this daemon goes on` });
    const begun = this.begin({ fds, reexecFailed: { at: Date.now(), message } });
    // It listens to signals itself by now: there is no moment at which one would end this process.
    const signals = wait.end();
    await begun;
    for (const signal of signals) process.kill(process.pid, signal);
  }

  /** While another daemon is tried: the watchdog is kept quiet, and what somebody wants of this one waits. */
  #wait(link: ManagerLink): Wait {
    const { watchdogMs } = this.#options;
    const beat = watchdogMs === undefined ? undefined : setInterval(() => link.beat(), watchdogMs);
    const signals = holdSignals();
    return {
      end: () => {
        clearInterval(beat);
        return signals();
      },
    };
  }

  #openTakeover(onApplicant: (applicant: Successor) => void): { close(): void } {
    const { name, directories, watcher } = this.#options;
    const opened = TakeoverSocket.open({
      path: takeoverSocketIn(directories.runtime),
      name,
      serviceUid: process.getuid?.() ?? 0,
      watcher,
      onSuccessor: onApplicant,
      warn: (message) => this.#warn(message),
    });
    if (opened.ok) return opened.value;
    this.#warn(`no other daemon can take over from this one: ${opened.failure.message}`);
    return { close: () => {} };
  }

  /** The predecessor notices, and takes everything back. */
  #giveUp(failure: Failure): never {
    const message = `${failure.message}; the daemon that was to be replaced goes on`;
    return this.#give(exitConfig, { reason: "takeover-failed", message });
  }

  #give(status: number, { reason, message }: Failure): never {
    this.#options.log.write({ level: "error", event: reason, message });
    process.exit(status);
  }

  #warn(message: string): void {
    this.#options.log.write({ level: "warning", event: "warning", message });
  }
}

function longestDrainMs({ generations }: State): number {
  const times = generations.map(({ specification: { plan } }) => plan.drain.timeoutMs + plan.drain.killMs);
  return Math.max(0, ...times);
}

/**
 * Watches the upgrade that replaces a predecessor's workers: with its commit the predecessor may go; when it has failed, and
 * nothing of it is left, this process gives up.
 */
function trial(predecessor: Predecessor, giveUp: (failure: Failure) => void): (state: State) => void {
  let decided = false;
  return ({ outcomes, upgrade, generations }) => {
    const last = outcomes.at(-1);
    if (decided || upgrade !== null || last?.kind !== "restart") return;
    if (last.failure !== null && generations.some(({ id }) => id === last.generation)) return;
    decided = true;
    if (last.failure === null) predecessor.committed();
    else giveUp(last.failure);
  };
}
