import { closeFd } from "../../linux/fd.js";
import { inspectSocket, type SocketFacts } from "../../linux/socket.js";
import type { InheritedFd } from "../../systemd/listen-fds.js";
import { namePlace, type Place } from "../carriers/listen.js";

/** Names of the library's own in the fd store; no listener of a .socket unit may be called so. */
export const connectionFdName = "holdfast.connection";
export const parcelFdName = "holdfast.parcel";
export const ticketsFdName = "holdfast.tickets";
const boundPrefix = "holdfast.bound.";

/** What an earlier process of the service has left in the fd store. */
export interface StoredFds {
  /** Sockets that it bound itself, by their names in the store. */
  readonly bound: Map<string, number>;
  readonly connections: readonly number[];
  readonly parcels: readonly number[];
  /** What TLS ticket keys are derived from. */
  readonly tickets: readonly number[];
  readonly problems: readonly string[];
}

export interface SortedFds extends StoredFds {
  /** Of .socket units. */
  readonly listeners: readonly InheritedFd[];
}

/**
 * Sorts what LISTEN_FDS brought by name. A socket that came twice is kept once, a unit's before one of the fd store;
 * what cannot be what its name says is closed.
 */
export function sortFds(inherited: readonly InheritedFd[]): SortedFds {
  const listeners: InheritedFd[] = [];
  const bound = new Map<string, number>();
  const connections: number[] = [];
  const parcels: number[] = [];
  const tickets: number[] = [];
  const problems: string[] = [];
  const known = new Set<string>();
  const isOurs = ({ name }: InheritedFd): boolean => name.startsWith("holdfast.");
  const unitsFirst = [...inherited.filter((one) => !isOurs(one)), ...inherited.filter(isOurs)];
  for (const one of unitsFirst) {
    const { fd, name } = one;
    if (name === parcelFdName || name === ticketsFdName) {
      (name === parcelFdName ? parcels : tickets).push(fd);
      continue;
    }
    const facts = inspectSocket(fd);
    const twice = facts !== undefined && known.has(facts.id);
    if (facts !== undefined) known.add(facts.id);
    if (twice) closeFd(fd);
    else if (name === connectionFdName) connections.push(fd);
    else if (!isOurs(one)) listeners.push(one);
    else if (name.startsWith(boundPrefix) && isServable(facts) && !bound.has(name)) bound.set(name, fd);
    else {
      closeFd(fd);
      problems.push(`cannot use the fd ${name} that was kept for this service: it was closed`);
    }
  }
  return { listeners, bound, connections, parcels, tickets, problems };
}

function isServable(facts: SocketFacts | undefined): boolean {
  return facts !== undefined && (facts.listening || facts.type === "dgram");
}

/** The name in the fd store of a socket that the service binds itself; says name and place, for another place is another socket. */
export function boundFdName(listener: string, place: Place): string {
  const where = namePlace(place) ?? "";
  // systemd takes no colon in a name.
  return boundPrefix + encodeURIComponent(listener === where ? where : `${listener} ${where}`);
}
