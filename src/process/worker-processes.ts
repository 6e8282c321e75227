import type { DrainSignal, WorkerSignal } from "../lib/drain-signals.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import {
  findInGroup,
  groupOf,
  isUnseen,
  openPidfd,
  parentOf,
  signalGroup,
  signalPidfd,
  startTimeOf,
} from "../linux/pidfd.js";
import { handlesSignal } from "../linux/signal-mask.js";
import type { ExitStatus, Slot } from "../model/event.js";
import type { Process } from "../model/generation-state.js";
import { type GatedWorker, spawnWorker, type WorkerCommand } from "./spawn-worker.js";

interface Tracked {
  readonly slot: Slot;
  readonly pid: number;
  readonly pidfd: number;
  /** Its process group, with what it has started. */
  readonly group: number;
  /** Null for an adopted worker: its gate was opened, or closed, with the daemon that started it. */
  readonly gate: Pick<GatedWorker, "openGate" | "closeGate"> | null;
}

/** How a process ended. */
export interface WorkerEnd {
  readonly exit: ExitStatus;
  readonly group: number;
  /** One of its group that is still there. */
  readonly left: Process | undefined;
  /** By SIGKILL, as far as is known: it could not look after what it had started. */
  readonly killed: boolean;
}

export interface WorkerProcessesOptions {
  readonly watcher: Watcher;
  /** Called once a process, own or adopted. */
  readonly onExit: (slot: Slot, pid: number, end: WorkerEnd) => void;
  readonly storePidfd: (slot: Slot, pidfd: number) => void;
  readonly removePidfd: (slot: Slot) => void;
  /** For a worker of another pid namespace, which only the daemon that started it can signal. */
  readonly signalUnseen: (slot: Slot, signal: WorkerSignal) => void;
}

const ancestorsLooked = 32;
/** Only the parent learns the status of an exit. */
const unknownExit: ExitStatus = { code: null, signal: null };

/** The processes behind the state's workers, each held by a pidfd: a pid alone may be somebody else's tomorrow. */
export class WorkerProcesses {
  readonly #tracked = new Map<number, Tracked>();
  /** Who was sent SIGKILL from here. */
  readonly #killed = new Set<number>();
  /** Pidfds of adopted workers that have not ended. */
  readonly #watched = new Set<number>();
  /** Pids of those that were asked to drain by a signal that they handle. */
  readonly #handling = new Set<number>();
  readonly #options: WorkerProcessesOptions;

  constructor(options: WorkerProcessesOptions) {
    this.#options = options;
  }

  /** Starts a worker that waits at its gate; its pidfd is in the fd store when this returns. */
  spawn(slot: Slot, command: WorkerCommand): Result<Process, Failure<"spawn-failed">> {
    const spawned = spawnWorker(command);
    if (!spawned.ok) return spawned;
    const { pid, child } = spawned.value;
    try {
      const pidfd = openPidfd(pid);
      if (pidfd === undefined)
        return fail("spawn-failed", `cannot start ${command.command.join(" ")}: it was killed at once`);
      this.#track({ slot, pid, pidfd, group: pid, gate: spawned.value });
    } catch (error) {
      spawned.value.closeGate();
      throw error;
    }
    child.once("exit", (code, signal) => {
      const handled = this.#handling.delete(pid);
      if (this.#tracked.has(pid)) this.#tellExit(slot, pid, { code, signal, handled }, pid);
    });
    return succeed({ pid, startTime: startTimeOf(pid) ?? null });
  }

  /** Takes over a worker of an earlier daemon. */
  adopt(slot: Slot, pid: number, pidfd: number): void {
    this.#adopt(slot, pid, pidfd, groupOf(pid) ?? pid);
  }

  #adopt(slot: Slot, pid: number, pidfd: number, group: number): void {
    this.#track({ slot, pid, pidfd, group, gate: null });
    this.#watched.add(pidfd);
    this.#options.watcher.watch(pidfd, () => {
      this.#unwatch(pidfd);
      this.#tellExit(slot, pid, unknownExit, group);
    });
  }

  #tellExit(slot: Slot, pid: number, exit: ExitStatus, group: number): void {
    const killed = exit.signal === "SIGKILL" || this.#killed.has(pid);
    this.#options.onExit(slot, pid, { exit, group, left: leftIn(group), killed });
  }

  /** Another process is the worker from now on, and is asked to end like the one before, which had ended. */
  follow(before: number, { pid, startTime }: Process, signal: DrainSignal): void {
    const tracked = this.#tracked.get(before);
    if (tracked === undefined) return;
    const { slot, group } = tracked;
    // Before all that needs an fd: whoever cannot follow it leaves it to a daemon that takes it for asked.
    if (startTimeOf(pid) === startTime) signalGroup(group, signal);
    this.#tracked.delete(before);
    this.#options.removePidfd(slot);
    closeFd(tracked.pidfd);
    const pidfd = openPidfd(pid);
    if (pidfd !== undefined && startTimeOf(pid) === startTime) {
      this.#adopt(slot, pid, pidfd, group);
      return;
    }
    if (pidfd !== undefined) closeFd(pidfd);
    setImmediate(() => this.#tellExit(slot, pid, unknownExit, group));
  }

  /** Of all that live. */
  get pidfds(): readonly number[] {
    return [...this.#tracked.values()].map(({ pidfd }) => pidfd);
  }

  openGate(pid: number): void {
    this.#tracked.get(pid)?.gate?.openGate();
  }

  terminate(pid: number, signal: DrainSignal): void {
    const tracked = this.#tracked.get(pid);
    if (tracked === undefined) return;
    if (handlesSignal(pid, signal)) this.#handling.add(pid);
    if (isUnseen(pid)) this.#options.signalUnseen(tracked.slot, signal);
    else signalPidfd(tracked.pidfd, signal);
  }

  /** SIGKILL for the worker and what it started. */
  kill(pid: number): void {
    const tracked = this.#tracked.get(pid);
    if (tracked === undefined) return;
    if (isUnseen(pid)) this.#options.signalUnseen(tracked.slot, "SIGKILL");
    else if (signalPidfd(tracked.pidfd, "SIGKILL")) {
      this.#killed.add(pid);
      signalGroup(tracked.group, "SIGKILL");
    }
  }

  /** Lets go of a worker that has ended. What it left in its process group is asked to end too. */
  forget(pid: number): void {
    const tracked = this.#tracked.get(pid);
    if (tracked === undefined) return;
    this.#tracked.delete(pid);
    this.#killed.delete(pid);
    this.#options.removePidfd(tracked.slot);
    if (!isUnseen(pid)) signalGroup(tracked.group, "SIGTERM");
    closeFd(tracked.pidfd);
  }

  /** Lets go of all of them: they are another daemon's to look after. */
  release(): void {
    for (const { pidfd, gate } of this.#tracked.values()) {
      gate?.closeGate();
      this.#unwatch(pidfd);
      closeFd(pidfd);
    }
    this.#tracked.clear();
  }

  /** The worker that a process is or descends from. */
  ownerOf(pid: number): { readonly slot: Slot; readonly pid: number } | undefined {
    let current: number | undefined = pid;
    for (let step = 0; step < ancestorsLooked && current !== undefined && current > 1; step += 1) {
      const tracked = this.#tracked.get(current);
      if (tracked !== undefined) return { slot: tracked.slot, pid: tracked.pid };
      current = parentOf(current);
    }
    return undefined;
  }

  #unwatch(pidfd: number): void {
    if (this.#watched.delete(pidfd)) this.#options.watcher.unwatch(pidfd);
  }

  /** The pidfd is closed where it cannot be kept. */
  #track(tracked: Tracked): void {
    try {
      this.#options.storePidfd(tracked.slot, tracked.pidfd);
    } catch (error) {
      this.#options.removePidfd(tracked.slot);
      closeFd(tracked.pidfd);
      throw error;
    }
    this.#tracked.set(tracked.pid, tracked);
  }
}

/** The one that has been there longest. */
function leftIn(group: number): Process | undefined {
  const processes = findInGroup(group).map((pid) => ({ pid, startTime: startTimeOf(pid) ?? null }));
  return processes.sort((one, other) => (one.startTime ?? 0) - (other.startTime ?? 0))[0];
}
