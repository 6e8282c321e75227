import { setTimeout } from "node:timers/promises";
import { stoodStill } from "../lib/stood-still.js";
import { readBacklog, readQueue } from "./backlog.js";
import { connectTo, leaveGently } from "./connect-to.js";
import { closeFd } from "./fd.js";
import { type ServerEnd, seeServerEnd } from "./server-end.js";
import { inspectSocket } from "./socket.js";
import { readOption } from "./socket-calls.js";
import { findHolder } from "./socket-holder.js";

const IPPROTO_TCP = 6;
const TCP_DEFER_ACCEPT = 9;

/** A server that serves one at a time is held up by the probe until the next look. */
const firstPauseMs = 1;
const longestPauseMs = 10;
/** Nearly every probe is accepted by then, and nobody need be asked who else waits. */
const promptMs = 20;
/** An accepted socket has its inode a moment before its fd, and may be on its way to another process: so it is looked for more than once. */
const searches = 10;

/** What became of one connection. */
export type Probe =
  /** Accepted by this one of the given processes, or by one that descends from it. */
  | { readonly seen: "accepted"; readonly pid: number }
  /** Accepted by none of them, or by one whose fds /proc hides, or closed before it was found. */
  | { readonly seen: "accepted-unknown" }
  /** Not accepted; others were meanwhile, or that cannot be told. */
  | { readonly seen: "queued" }
  /** Not accepted, nor was any of those that waited already. */
  | { readonly seen: "stood-still" }
  | { readonly seen: "cannot"; readonly why: string };

/**
 * Makes one connection to a listener, of which it needs the fd, and tells who accepted it before `signal` ended the waiting.
 * Not a byte is sent; it closes in the ordinary way, as by a client that changed its mind. Where several processes accept
 * on one listener, a probe tells of one of them. The queue is watched for as long as the signal leaves: two seconds tell a
 * dead server from a slow one.
 */
export async function probeListener(
  listener: number,
  pids: readonly number[],
  signal: AbortSignal,
): Promise<Probe> {
  const deferred = readOption(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 4);
  if (typeof deferred !== "number" && deferred.readInt32LE(0) > 0) {
    return { seen: "cannot", why: "it accepts only what has sent data (TCP_DEFER_ACCEPT)" };
  }
  using visit = new Visit(listener);
  const probe = await follow(visit, listener, pids, signal);
  if (probe.seen === "accepted" || probe.seen === "accepted-unknown") visit.leave();
  return probe;
}

async function follow(
  visit: Visit,
  listener: number,
  pids: readonly number[],
  signal: AbortSignal,
): Promise<Probe> {
  const soon = await accepted(visit, AbortSignal.timeout(promptMs));
  const waiting = isPending(soon) ? clientsOf(listener) : undefined;
  const last = isPending(soon) ? await accepted(visit, signal) : soon;
  switch (last.is) {
    case "accepted":
      return search(last.inode, pids);
    case "answered":
      return { seen: "accepted-unknown" };
    case "unseen":
      return { seen: "cannot", why: last.why };
    case "on-the-way":
      if (!isFull(listener)) return { seen: "cannot", why: "a connection to it gets no answer" };
      break;
    case "waiting":
      break;
  }
  const still = waiting !== undefined && stoodStill(waiting, clientsOf(listener) ?? new Set());
  return { seen: still ? "stood-still" : "queued" };
}

async function accepted(visit: Visit, signal: AbortSignal): Promise<ServerEnd> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    await setTimeout(pauseMs);
    const end = visit.look();
    if (!isPending(end) || signal.aborted) return end;
  }
}

async function search(inode: number, pids: readonly number[]): Promise<Probe> {
  for (let left = searches, pauseMs = firstPauseMs; left > 0; left -= 1) {
    const pid = await findHolder(inode, pids);
    if (pid !== undefined) return { seen: "accepted", pid };
    await setTimeout(pauseMs);
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }
  return { seen: "accepted-unknown" };
}

/** One connection, made again as long as there is no room for it in a unix listener's queue. */
class Visit implements Disposable {
  readonly #listener: number;
  #fd: number | undefined;
  #inode = 0;

  constructor(listener: number) {
    this.#listener = listener;
  }

  look(): ServerEnd {
    if (this.#fd !== undefined) return seeServerEnd(this.#fd, this.#inode);
    const connected = connectTo(this.#listener);
    if (connected.ok) {
      this.#fd = connected.value;
      this.#inode = Number(inspectSocket(this.#fd)?.id);
      return seeServerEnd(this.#fd, this.#inode);
    }
    const full = connected.failure.reason === "queue-full";
    return full ? { is: "on-the-way" } : { is: "unseen", why: connected.failure.message };
  }

  leave(): void {
    if (this.#fd !== undefined) leaveGently(this.#fd);
    this.#fd = undefined;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeFd(this.#fd);
  }
}

function isPending({ is }: ServerEnd): boolean {
  return is === "waiting" || is === "on-the-way";
}

function isFull(listener: number): boolean {
  const backlog = readBacklog(listener);
  return backlog.seen === "length" && backlog.queued > backlog.limit;
}

function clientsOf(listener: number): ReadonlySet<string> | undefined {
  const queue = readQueue(listener);
  return queue.seen === "clients" ? queue.clients : undefined;
}
