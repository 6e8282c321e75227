import { formatAddress, parseAddress } from "../../lib/address.js";
import { closeFd } from "../../linux/fd.js";
import { openPidfd, signalPidfd, startTimeOf } from "../../linux/pidfd.js";
import { inspectSocket } from "../../linux/socket.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import { matchListeners } from "../../listeners/match.js";
import { generationTotals, takeCounts } from "../../model/counters.js";
import type { LedgerEntry, SlotProcess } from "../../model/event.js";
import type { ListenerDeclaration, Specification } from "../../model/plan.js";
import { retire } from "../../model/retired.js";
import {
  activeGeneration,
  type Generation,
  initialState,
  isLive,
  type Listener,
  type State,
} from "../../model/state.js";
import type { Count } from "../../model/totals.js";
import { findWorker, nameWorker } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import type { WorkerProcesses } from "../../process/worker-processes.js";
import type { Remembered } from "../../state/state-store.js";
import { type Found, findLeftovers, identifyWorkers, takeListener } from "./adopt.js";
import { channelFdName, workerFdName } from "./fd-names.js";
import { nameUnseen, toBeReplaced } from "./foreign-workers.js";
import type { Inheritance } from "./inheritance.js";
import { readLastWords } from "./last-words.js";

export interface Restored {
  readonly state: State;
  readonly alive: readonly SlotProcess[];
  /** Generations that the machine's restart has ended. */
  readonly ended: readonly Generation[];
}

/**
 * Who gave the fds: the service manager, and then what is the socket unit's came from the unit too; a daemon whose workers are this
 * one's from now on; or one whose workers have to be replaced.
 */
export type Source = "manager" | "daemon" | "foreign-daemon";

export interface World {
  readonly source: Source;
  /** This daemon is started in a restart, of which the last one may not have known. */
  readonly restartWanted: boolean;
  readonly listeners: HeldListeners;
  readonly workers: WorkerProcesses;
  readonly channels: WorkerChannels;
  readonly report: (problem: string) => void;
  readonly forgetFd: (name: string) => void;
  /** This process is the main process of a unit of its own, so what else is in its cgroup are its workers. */
  readonly ownsCgroup: boolean;
  /** What would be started now: taken for left-over workers of which nothing is known. Undefined if it cannot be read. */
  readonly specification: () => Specification | undefined;
}

/** Puts the inherited fds behind the remembered state: what `recover` of any daemon, first or tenth, begins with. */
export function restore(remembered: Remembered, inheritance: Inheritance, world: World): Restored {
  const before =
    remembered.state === undefined ? initialState : startedAnew(remembered.state, remembered.rebooted);
  const left: State = world.restartWanted
    ? { ...before, lifecycle: { phase: "leaving", next: "upgrade" } }
    : before;
  const ended = remembered.rebooted ? (remembered.state?.generations ?? []) : [];
  const known = world.source === "foreign-daemon" ? toBeReplaced(left, inheritance.pidfds) : left;
  const identified = identifyWorkers(known, nameUnseen(inheritance.pidfds, known));
  for (const slot of identified.ended) world.forgetFd(workerFdName(slot));
  const withListeners = restoreListeners(known, inheritance, identified.found, world);
  for (const { generation, index, process, pidfd } of identified.found) {
    world.workers.adopt({ generation, index }, process.pid, pidfd);
  }
  const counts = adoptChannels(inheritance, withListeners, identified.found, world);
  if (remembered.state !== undefined) {
    for (const { slot, pidfd } of identified.unknown) {
      // The last daemon did not live to write this worker down, so it never got past its gate.
      signalPidfd(pidfd, "SIGKILL");
      closeFd(pidfd);
      world.forgetFd(workerFdName(slot));
    }
    return { state: takeCounts(withListeners, counts), alive: identified.found, ended };
  }
  for (const { slot, pidfd } of identified.unknown) {
    closeFd(pidfd);
    world.forgetFd(workerFdName(slot));
  }
  const pids = identified.unknown.map(({ pid }) => pid);
  const highest = identified.unknown.reduce((top, { slot }) => Math.max(top, slot.generation), 0);
  return { ...adoptUnknown({ ...withListeners, nextGeneration: highest + 1 }, pids, world), ended };
}

/** A channel is worth keeping as long as its worker lives. Returns what those that do not had counted. */
function adoptChannels(
  { channels }: Inheritance,
  state: State,
  found: readonly Found[],
  world: World,
): readonly Count[] {
  const counts: Count[] = [];
  const alive = new Set(found.map(nameWorker));
  for (const { slot, fd } of channels) {
    const worker = findWorker(state, slot);
    if (worker !== undefined && alive.has(nameWorker(slot))) {
      world.channels.adopt(slot, fd, worker.native);
    } else {
      if (worker !== undefined && isLive(worker.run)) {
        const last = readLastWords(fd, { ...slot, pid: worker.run.process.pid });
        if (last !== undefined) counts.push(last);
      }
      closeFd(fd);
      world.forgetFd(channelFdName(slot));
    }
  }
  return counts;
}

/** After a reboot nothing of the last boot runs; what may be returned to and the numbers go on. */
function startedAnew(state: State, rebooted: boolean): State {
  if (!rebooted) return { ...state, unwritable: null };
  const { nextGeneration, nextUpgrade, outcomes, snapshots, retired, counters } = state;
  const last = activeGeneration(state);
  return {
    ...initialState,
    nextGeneration,
    nextUpgrade,
    outcomes,
    snapshots,
    counters,
    retired: last === undefined ? retired : retire(state, last),
  };
}

function restoreListeners(
  state: State,
  inheritance: Inheritance,
  found: readonly Found[],
  world: World,
): State {
  const storeCame = inheritance.state !== undefined && world.source === "manager";
  const known = [...state.listeners, ...state.closing];
  const closing = new Set(state.closing.map(({ id }) => id));
  const matched = matchListeners(known, inheritance.listeners, storeCame, state.nextListener);
  const held: Listener[] = [];
  for (const { listener, fd } of matched.held) {
    world.listeners.hold(listener, fd);
    held.push(listener);
  }
  for (const listener of matched.lost) {
    if (closing.has(listener.id)) continue;
    const recovered = recoverListener(listener, found, declaredMode(state, listener), world);
    if (recovered !== undefined) held.push(recovered);
  }
  const nextListener = held.reduce((next, { id }) => Math.max(next, id + 1), state.nextListener);
  // One that was to be closed when its unit passes it again is a listener again: the service was stopped in between.
  const isClosing = ({ id, origin }: Listener): boolean => closing.has(id) && origin !== "unit";
  return {
    ...state,
    listeners: held.filter((listener) => !isClosing(listener)),
    closing: held.filter(isClosing),
    nextListener,
  };
}

/** What the newest generation that uses it wants of its socket file. */
function declaredMode({ generations }: State, { id, name }: Listener): number | null {
  const user = generations.findLast(({ listeners }) => listeners.includes(id));
  return user?.specification.listeners?.find((declared) => declared.name === name)?.mode ?? null;
}

/** The fd store lost it: a worker that has it gives a copy, else its address is opened again. */
function recoverListener(
  listener: Listener,
  found: readonly Found[],
  mode: number | null,
  world: World,
): Listener | undefined {
  const pidfds = found.map(({ pidfd }) => pidfd);
  const fd = takeListener(pidfds, ({ id: inode }) => inode === listener.inode);
  const { name, address: text, id, backlog } = listener;
  if (fd !== undefined) {
    world.listeners.hold(listener, fd);
    world.report(`listener ${name} (${text}) was not in the fd store; a worker had it`);
    return listener;
  }
  const address = parseAddress(text);
  if (!address.ok) return undefined;
  const opened = world.listeners.open({ name, address: address.value, backlog, mode }, id);
  if (opened.ok) {
    world.report(`listener ${name} (${text}) was not in the fd store; it was opened again`);
    return opened.value;
  }
  world.report(`listener ${name} (${text}) was not in the fd store: ${opened.failure.message}`);
  return undefined;
}

/**
 * Neither state nor pidfds know these processes, but they serve: they become a generation of their own, which the
 * next upgrade drains like any other.
 */
function adoptUnknown(state: State, pids: readonly number[], world: World): Omit<Restored, "ended"> {
  const leftovers = world.ownsCgroup ? findLeftovers(process.pid) : [];
  const candidates = [...new Set([...pids, ...leftovers])];
  const specification = candidates.length === 0 ? undefined : world.specification();
  if (specification === undefined) return { state, alive: [] };
  const id = state.nextGeneration;
  const alive: SlotProcess[] = [];
  const pidfds: number[] = [];
  for (const pid of candidates) {
    const pidfd = openPidfd(pid);
    if (pidfd === undefined) continue;
    const index = alive.length;
    alive.push({ generation: id, index, process: { pid, startTime: startTimeOf(pid) ?? null } });
    world.workers.adopt({ generation: id, index }, pid, pidfd);
    pidfds.push(pidfd);
  }
  if (alive.length === 0) return { state, alive };
  world.report(
    `${alive.length} left-over worker(s) of which nothing is known serve as generation ${id} until the upgrade`,
  );
  const taken = takeDeclared(specification.listeners ?? [], state, pidfds, world);
  const listeners = [...state.listeners, ...taken];
  const generation: Generation = {
    id,
    specification,
    snapshot: null,
    version: null,
    listeners: listeners.map((listener) => listener.id),
    workers: alive.map(({ index, process }) => {
      return { index, crashes: 0, native: false, status: null, run: { phase: "ready", process, since: 0 } };
    }),
    createdAt: Date.now(),
    stage: { phase: "active", since: Date.now(), trial: false },
  };
  const lifecycle = { phase: "leaving", next: "upgrade" } as const;
  const nextListener = state.nextListener + taken.length;
  return {
    state: {
      ...state,
      nextGeneration: id + 1,
      nextListener,
      listeners,
      generations: [generation],
      lifecycle,
    },
    alive,
  };
}

/** Declared listeners that came from nowhere: left-over workers that have them give copies, for the addresses are taken. */
function takeDeclared(
  declared: readonly ListenerDeclaration[],
  state: State,
  pidfds: readonly number[],
  world: World,
): readonly Listener[] {
  const taken: Listener[] = [];
  for (const { name, address: wanted, backlog } of declared) {
    if (wanted === null || state.listeners.some((listener) => listener.name === name)) continue;
    const address = formatAddress(wanted);
    const fd = takeListener(
      pidfds,
      (facts) => facts.address === address && facts.listening === (wanted.kind !== "udp"),
    );
    if (fd === undefined) continue;
    const id = state.nextListener + taken.length;
    const inode = inspectSocket(fd)?.id ?? "";
    const listener: Listener = { id, name, address, inode, file: null, origin: "bound", backlog };
    world.listeners.hold(listener, fd);
    world.report(`listener ${name} (${address}) was copied back from a left-over worker`);
    taken.push(listener);
  }
  return taken;
}

/** For the ledger. When the machine went down is not known: `to` is when it came up again. */
export function endedByReboot(
  { id, specification, version, createdAt }: Generation,
  state: State,
): LedgerEntry {
  const { release } = specification.plan;
  const why = { kind: "rebooted" } as const;
  return {
    kind: "generation",
    generation: id,
    release,
    version,
    from: createdAt,
    to: Date.now(),
    why,
    cut: true,
    counters: generationTotals(state, id),
  };
}
