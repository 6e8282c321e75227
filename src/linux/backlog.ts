import { constants } from "node:os";
import { errorName } from "./ffi.js";
import { usualBacklog } from "./listener.js";
import { isReadable } from "./poll.js";
import { inspectSocket, type SocketFacts } from "./socket.js";
import { maxSocketAddressBytes } from "./socket-address.js";
import { readOption, readOwnAddress } from "./socket-calls.js";
import { connectionsWaitingAt } from "./tcp-diag.js";
import { clientsWaitingAt, queueOf } from "./unix-diag.js";

const IPPROTO_TCP = 6;
const TCP_INFO = 11;

/** What the kernel does not show of a listener, and why. */
interface Unseen {
  readonly seen: "cannot";
  readonly why: string;
}

/** Connections that wait to be accepted, and how many may. */
export type Backlog =
  | { readonly seen: "length"; readonly queued: number; readonly limit: number }
  /** A unix listener without AF_NETLINK, or one of another network namespace. */
  | { readonly seen: "presence"; readonly someoneWaits: boolean }
  | Unseen;

/** Of any fd; whatever is no listening stream socket cannot be seen. tcp(7) TCP_INFO, sock_diag(7). */
export function readBacklog(fd: number): Backlog {
  const facts = inspectSocket(fd);
  if (facts === undefined || !facts.listening) return cannot("it is no listening socket");
  if (facts.family === "unix") {
    const queue = queueOf(Number(facts.id));
    if (typeof queue === "number") return { seen: "presence", someoneWaits: isReadable(fd) };
    return { seen: "length", ...queue };
  }
  const info = readOption(fd, IPPROTO_TCP, TCP_INFO, 32);
  if (typeof info === "number" || info.length < 32) return cannot("it is neither a TCP nor a unix socket");
  // For a listening socket the kernel reports these in tcpi_unacked and tcpi_sacked.
  return { seen: "length", queued: info.readUInt32LE(24), limit: info.readUInt32LE(28) };
}

/** For whoever listens again on a socket that is not its own: how many may wait, as the daemon, the unit or the admin has set it. */
export function backlogLimitOf(fd: number): number {
  const backlog = readBacklog(fd);
  return backlog.seen === "length" ? backlog.limit : usualBacklog;
}

/** Who waits at a listener, each by a text that stays the same while it waits: compare two by `stoodStill`. */
export type Queue = { readonly seen: "clients"; readonly clients: ReadonlySet<string> } | Unseen;

/** The cost grows with the number of sockets on this machine: nothing for a beat. */
export function readQueue(fd: number): Queue {
  const facts = inspectSocket(fd);
  if (facts === undefined || !facts.listening) return cannot("it is no listening socket");
  const clients = clientsAt(fd, facts);
  return typeof clients === "number" ? cannot(whySilent(clients)) : { seen: "clients", clients };
}

function clientsAt(fd: number, { family, id }: SocketFacts): ReadonlySet<string> | number {
  if (family === "unix") return clientsWaitingAt(Number(id));
  const address = readOwnAddress(fd, maxSocketAddressBytes);
  return typeof address === "number" ? address : connectionsWaitingAt(address);
}

/** Why sock_diag(7) said nothing. */
export function whySilent(result: number): string {
  if (-result !== constants.errno.EAFNOSUPPORT) return `the kernel does not tell (${errorName(result)})`;
  return "the sandbox forbids to ask the kernel: RestrictAddressFamilies= must have AF_NETLINK";
}

function cannot(why: string): Unseen {
  return { seen: "cannot", why };
}
