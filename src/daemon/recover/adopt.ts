import { ownCgroup, processesIn } from "../../linux/cgroup.js";
import { closeFd } from "../../linux/fd.js";
import { hasEnded, openPidfd, parentOf, startTimeOf, takeFd } from "../../linux/pidfd.js";
import { inspectSocket, type SocketFacts } from "../../linux/socket.js";
import type { Slot, SlotProcess } from "../../model/event.js";
import { isLive } from "../../model/find.js";
import type { Process } from "../../model/generation-state.js";
import type { State } from "../../model/state.js";
import { nameWorker } from "../../model/turn.js";
import type { InheritedPidfd } from "./inheritance.js";

/** A worker that is alive and is the one that the state means. */
export interface Found extends SlotProcess {
  readonly pidfd: number;
}

export interface Identified {
  readonly found: readonly Found[];
  /** Processes behind pidfds of the fd store that the state says nothing of. */
  readonly unknown: readonly InheritedPidfd[];
  /** Whose pidfds came back although they have ended. */
  readonly ended: readonly Slot[];
}

/**
 * Which workers of the state are alive: by the pidfd that the fd store gave back, else by pid and start time. Pidfds of
 * processes that are gone are closed.
 */
export function identifyWorkers(state: State, pidfds: readonly InheritedPidfd[]): Identified {
  const ended: Slot[] = [];
  const byName = new Map<string, InheritedPidfd>();
  for (const inherited of pidfds) {
    if (inherited.pid > 0 && !hasEnded(inherited.pidfd)) {
      byName.set(nameWorker(inherited.slot), inherited);
    } else {
      closeFd(inherited.pidfd);
      ended.push(inherited.slot);
    }
  }
  const found: Found[] = [];
  for (const { slot, process } of liveSlots(state)) {
    const name = nameWorker(slot);
    const inherited = byName.get(name);
    if (inherited?.pid === process.pid) {
      found.push({ ...slot, process, pidfd: inherited.pidfd });
      byName.delete(name);
      continue;
    }
    const pidfd = openIfSame(process);
    if (pidfd !== undefined) found.push({ ...slot, process, pidfd });
  }
  return { found, unknown: [...byName.values()], ended };
}

function liveSlots(state: State): readonly { slot: Slot; process: Process }[] {
  return state.generations.flatMap(({ id, workers }) =>
    workers.flatMap(({ index, run }) =>
      isLive(run) ? [{ slot: { generation: id, index }, process: run.process }] : [],
    ),
  );
}

/** The pidfd is opened first: after that the pid cannot come to mean another process. */
function openIfSame({ pid, startTime }: Process): number | undefined {
  if (startTime === null) return undefined;
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return undefined;
  if (startTimeOf(pid) === startTime && !hasEnded(pidfd)) return pidfd;
  closeFd(pidfd);
  return undefined;
}

/** Processes left in the unit's cgroup whose parents are not: workers of a daemon that nothing is known of. */
export function findLeftovers(ownPid: number): readonly number[] {
  const cgroup = ownCgroup();
  const others = cgroup === undefined ? [] : processesIn(cgroup).filter((pid) => pid !== ownPid);
  const parents = new Map(others.map((pid) => [pid, parentOf(pid)]));
  return others.filter((pid) => {
    const parent = parents.get(pid);
    return parent !== ownPid && (parent === undefined || !parents.has(parent));
  });
}

const fdsSearched = 256;

/** A copy of a listener that only a worker holds any more: pidfd_getfd(2). Undefined where that is not permitted. */
export function takeListener(
  pidfds: readonly number[],
  isWanted: (facts: SocketFacts) => boolean,
): number | undefined {
  for (const pidfd of pidfds) {
    for (let target = 3; target < fdsSearched; target += 1) {
      const fd = takeFd(pidfd, target);
      if (fd === undefined) continue;
      const facts = inspectSocket(fd);
      if (facts !== undefined && isWanted(facts)) return fd;
      closeFd(fd);
    }
  }
  return undefined;
}
