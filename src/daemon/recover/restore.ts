import { formatAddress, parseAddress } from "../../lib/address.js";
import { closeFd } from "../../linux/fd.js";
import { openPidfd, signalPidfd, startTimeOf } from "../../linux/pidfd.js";
import { inspectSocket } from "../../linux/socket.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import { matchListeners } from "../../listeners/match.js";
import { addressesOf } from "../../listeners/reconcile.js";
import { takeCounts } from "../../model/counters.js";
import type { SlotProcess } from "../../model/event.js";
import { isLive } from "../../model/find.js";
import {
  adoptUnknown,
  declaredMode,
  endedByReboot,
  holdListeners,
  inheritState,
  toBeUpgraded,
} from "../../model/inherit.js";
import type { LedgerEntry } from "../../model/ledger-entry.js";
import { isHandedOn } from "../../model/own-listener.js";
import type { ListenerDeclaration, Specification } from "../../model/plan.js";
import { initialState, type Listener, type State } from "../../model/state.js";
import type { Count } from "../../model/totals.js";
import { findWorker, nameWorker } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import type { WorkerProcesses } from "../../process/worker-processes.js";
import type { Remembered } from "../../state/state-store.js";
import { type Found, findLeftovers, identifyWorkers, takeListener } from "./adopt.js";
import { channelFdName, workerFdName } from "./fd-names.js";
import { markForeign, nameUnseen } from "./foreign-workers.js";
import type { Inheritance } from "./inheritance.js";
import { readLastWords } from "./last-words.js";

export interface Restored {
  readonly state: State;
  readonly alive: readonly SlotProcess[];
  /** What the machine's restart has ended, for the ledger. */
  readonly ended: readonly LedgerEntry[];
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
    remembered.state === undefined ? initialState : inheritState(remembered.state, remembered.rebooted);
  const left = world.restartWanted ? toBeUpgraded(before) : before;
  const rebooted = remembered.rebooted ? remembered.state : undefined;
  const ended = rebooted === undefined ? [] : endedByReboot(rebooted, Date.now());
  const known = world.source === "foreign-daemon" ? markForeign(left, inheritance.pidfds) : left;
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
  return { ...adoptLeftovers({ ...withListeners, nextGeneration: highest + 1 }, pids, world), ended };
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
      world.channels.adopt(slot, fd, worker);
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

function restoreListeners(
  state: State,
  inheritance: Inheritance,
  found: readonly Found[],
  world: World,
): State {
  const storeCame = inheritance.state !== undefined && world.source === "manager";
  // A socket unit's that was to be closed comes back from the unit, as any other of a unit.
  const known = [...state.listeners, ...state.closing.filter(({ origin }) => origin !== "unit")];
  const closing = new Set(state.closing.map(({ id }) => id));
  const matched = matchListeners(known, inheritance.listeners, storeCame, state.nextListener);
  const held: Listener[] = [];
  for (const { listener, fd } of matched.held) {
    world.listeners.hold(listener, fd);
    held.push(listener);
  }
  for (const listener of matched.lost) {
    if (closing.has(listener.id)) continue;
    const recovered = recoverListener(listener, state, found, world);
    if (recovered !== undefined) held.push(recovered);
  }
  return holdListeners(state, held);
}

/** The fd store lost it: a worker that has it gives a copy, else its address is opened again. */
function recoverListener(
  listener: Listener,
  state: State,
  found: readonly Found[],
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
  const mode = declaredMode(state, listener);
  const others = addressesOf(state.listeners);
  const opened = world.listeners.open({ name, address: address.value, backlog, mode }, id, others);
  if (opened.ok) {
    world.report(`listener ${name} (${text}) was not in the fd store; it was opened again`);
    return isHandedOn(listener) ? opened.value : { ...opened.value, origin: listener.origin };
  }
  world.report(`listener ${name} (${text}) was not in the fd store: ${opened.failure.message}`);
  return undefined;
}

/** Neither state nor pidfds know these processes, but they serve. */
function adoptLeftovers(state: State, pids: readonly number[], world: World): Omit<Restored, "ended"> {
  const leftovers = world.ownsCgroup ? findLeftovers(process.pid) : [];
  const candidates = [...new Set([...pids, ...leftovers])];
  const specification = candidates.length === 0 ? undefined : world.specification();
  if (specification === undefined) return { state, alive: [] };
  const generation = state.nextGeneration;
  const alive: SlotProcess[] = [];
  const pidfds: number[] = [];
  for (const pid of candidates) {
    const pidfd = openPidfd(pid);
    if (pidfd === undefined) continue;
    const slot = { generation, index: alive.length };
    alive.push({ ...slot, process: { pid, startTime: startTimeOf(pid) ?? null } });
    world.workers.adopt(slot, pid, pidfd);
    pidfds.push(pidfd);
  }
  if (alive.length === 0) return { state, alive };
  world.report(
    `${alive.length} left-over worker(s) of which nothing is known serve as generation ${generation} until the upgrade`,
  );
  const taken = takeDeclared(specification.listeners ?? [], state, pidfds, world);
  const withListeners = {
    ...state,
    listeners: [...state.listeners, ...taken],
    nextListener: state.nextListener + taken.length,
  };
  return { state: adoptUnknown(withListeners, specification, alive, Date.now()), alive };
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
