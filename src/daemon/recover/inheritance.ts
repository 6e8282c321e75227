import { readBacklog } from "../../linux/backlog.js";
import { closeForeign } from "../../linux/close-foreign.js";
import { closeFd } from "../../linux/fd.js";
import { pidOfPidfd } from "../../linux/pidfd.js";
import { hasPeer, inspectSocket, type SocketFacts } from "../../linux/socket.js";
import type { InheritedListener } from "../../listeners/match.js";
import type { Slot } from "../../model/event.js";
import { predecessorFdName } from "../../succession/predecessor.js";
import type { InheritedFd } from "../../systemd/listen-fds.js";
import {
  boundMetricsFdName,
  commonNotifyFdName,
  controlFdName,
  isOwnFdName,
  metricsFdName,
  parseChannelFdName,
  parseNotifyFdName,
  parseWorkerFdName,
  stateFdName,
} from "./fd-names.js";

export interface InheritedPidfd {
  readonly slot: Slot;
  readonly pidfd: number;
  /** -1: the process is gone; 0: it cannot be seen from here, being in another pid namespace. */
  readonly pid: number;
}

/** A worker's channel or notify socket. */
export interface InheritedSocket {
  readonly slot: Slot;
  readonly fd: number;
}

/** A listening socket on which metrics are told. */
export interface InheritedMetrics {
  readonly fd: number;
  readonly name: string;
  readonly inode: string;
  readonly address: string;
}

/** The named fds that a daemon starts with, sorted by what they are. With the state they are all it inherits. */
export interface Inheritance {
  readonly listeners: readonly InheritedListener[];
  readonly pidfds: readonly InheritedPidfd[];
  /** The daemon's ends of the channels with the workers. */
  readonly channels: readonly InheritedSocket[];
  readonly notify: readonly InheritedSocket[];
  /** The one socket for all workers, of a daemon from before each had its own. */
  readonly commonNotify: number | undefined;
  readonly control: number | undefined;
  readonly metrics: readonly InheritedMetrics[];
  readonly state: number | undefined;
  /** The way to the daemon that started this one to be replaced by it. */
  readonly predecessor: number | undefined;
}

/** Of which there is one each. */
const singleNames: ReadonlySet<string> = new Set([
  commonNotifyFdName,
  controlFdName,
  stateFdName,
  predecessorFdName,
]);

/**
 * Sorts what LISTEN_FDS brought. A socket that came twice is kept once; an fd that cannot be what its name says, and
 * one that nobody could accept on, is closed and refused by name.
 */
export function sortInheritance(
  fds: readonly InheritedFd[],
  refuse: (name: string, problem: string) => void,
): Inheritance {
  const own = new Map<string, number>();
  const pidfds: InheritedPidfd[] = [];
  const channels: InheritedSocket[] = [];
  const notify: InheritedSocket[] = [];
  const metrics: InheritedMetrics[] = [];
  const listeners = new Map<string, InheritedListener>();
  for (const { fd, name } of fds) {
    const slot = parseWorkerFdName(name);
    const channelOf = parseChannelFdName(name);
    const notifyOf = parseNotifyFdName(name);
    if (channelOf !== undefined) {
      if (inspectSocket(fd)?.type === "seqpacket") channels.push({ slot: channelOf, fd });
      else discard(fd, name, "it is no channel", refuse);
    } else if (notifyOf !== undefined) {
      if (inspectSocket(fd)?.type === "dgram") notify.push({ slot: notifyOf, fd });
      else discard(fd, name, "it is no notify socket", refuse);
    } else if (slot !== undefined) {
      const pid = pidOfPidfd(fd);
      if (pid === undefined) discard(fd, name, "it is no pidfd", refuse);
      else pidfds.push({ slot, pidfd: fd, pid });
    } else if (name === metricsFdName || name === boundMetricsFdName) {
      const facts = inspectSocket(fd);
      if (facts?.type !== "stream" || !facts.listening)
        discard(fd, name, "it is no TCP or unix listener", refuse);
      else if (metrics.some(({ inode }) => inode === facts.id)) closeFd(fd);
      else metrics.push({ fd, name, inode: facts.id, address: facts.address });
    } else if (isOwnFdName(name)) {
      if (!singleNames.has(name)) discard(fd, name, "this version has no use for it", refuse);
      else if (own.has(name)) discard(fd, name, "it came twice", refuse);
      else own.set(name, fd);
    } else {
      const facts = inspectSocket(fd);
      const obstacle = obstacleTo(facts, fd);
      if (facts === undefined || obstacle !== undefined) {
        discard(fd, name, obstacle ?? "it is no socket", refuse);
        continue;
      }
      const known = listeners.get(facts.id);
      if (known !== undefined) {
        listeners.set(facts.id, { ...known, twice: true });
        closeFd(fd);
        continue;
      }
      const seen = readBacklog(fd);
      const backlog = seen.seen === "length" ? seen.limit : null;
      listeners.set(facts.id, { fd, name, inode: facts.id, address: facts.address, backlog, twice: false });
    }
  }
  return {
    listeners: [...listeners.values()],
    pidfds,
    channels,
    notify,
    commonNotify: own.get(commonNotifyFdName),
    control: own.get(controlFdName),
    metrics,
    state: own.get(stateFdName),
    predecessor: own.get(predecessorFdName),
  };
}

function obstacleTo(facts: SocketFacts | undefined, fd: number): string | undefined {
  if (facts === undefined) return "it is no socket";
  const { family, type, listening } = facts;
  if (family !== "inet" && family !== "inet6" && family !== "unix")
    return `its address family (${family}) is not supported`;
  // One that was shut down while no daemon lived has no peer, and will listen again.
  if (type === "stream" && !listening && hasPeer(fd)) {
    return "it is a connection, not a listener (the .socket unit has Accept=yes; set Accept=no)";
  }
  if (type === "stream" || (type === "dgram" && family !== "unix")) return undefined;
  return `its type (${family} ${type}) is not supported`;
}

function discard(
  fd: number,
  name: string,
  why: string,
  refuse: (name: string, problem: string) => void,
): void {
  closeForeign(fd);
  refuse(name, `cannot use the inherited fd ${fd} named ${name}: ${why}; it was closed`);
}
