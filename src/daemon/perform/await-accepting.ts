import { setTimeout } from "node:timers/promises";
import { readBacklog } from "../../linux/backlog.js";
import { probeListener } from "../../linux/probe-listener.js";
import { waitsForClients } from "../../linux/waits-for-clients.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { SlotProcess } from "../../model/event.js";
import { findGeneration } from "../../model/find.js";
import { ownListener } from "../../model/own-listener.js";
import type { Listener, State } from "../../model/state.js";
import { liveWorkers } from "../../model/turn.js";

const lookAgainMs = 200;
/** At a first start a connection waits in the queue as long: the app takes it when it begins to accept. */
const probeMs = 2_000;

/** What tells whether a worker accepts. */
export interface Sight {
  readonly current: () => State;
  readonly listeners: HeldListeners;
}

/** Looks until the worker accepts from all its listeners; false when `wanted` says that nobody waits any more. */
export async function awaitAccepting(
  sight: Sight,
  slot: SlotProcess,
  wanted: () => boolean,
): Promise<boolean> {
  let missing = listenersThatAccept(sight, slot.generation);
  if (missing.length === 0) return false;
  while (wanted()) {
    for (const listener of missing) {
      if (!(await accepts(sight, slot, listener, AbortSignal.timeout(probeMs)))) continue;
      missing = missing.filter((other) => other !== listener);
    }
    if (missing.length === 0) return wanted();
    await setTimeout(lookAgainMs);
  }
  return false;
}

/** Those of a generation's listeners from which connections are accepted: all but datagram sockets. */
export function listenersThatAccept({ current, listeners }: Sight, id: number): readonly Listener[] {
  const state = current();
  const generation = findGeneration(state, id);
  return state.listeners.filter((listener) => {
    const fd = listeners.fdOf(listener.id);
    const used = generation?.listeners.includes(listener.id) ?? false;
    return used && fd !== undefined && readBacklog(fd).seen !== "cannot";
  });
}

/**
 * Whether the worker accepts from a listener: it waits there, or took a connection of the daemon's own. Where nobody else could have
 * taken that, it need not be seen who did. False also where nobody can look, as without a free fd: it is looked again.
 */
export async function accepts(
  sight: Sight,
  slot: SlotProcess,
  listener: Listener,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (waitsForClients(slot.process.pid, listener.inode)) return true;
    const fd = sight.listeners.fdOf(listener.id);
    if (fd === undefined) return false;
    const { seen } = await probeListener(fd, [slot.process.pid], signal);
    return seen === "accepted" || (seen === "accepted-unknown" && servesAlone(sight, slot, listener));
  } catch {
    return false;
  }
}

function servesAlone({ current }: Sight, slot: SlotProcess, listener: Listener): boolean {
  const state = current();
  const generation = findGeneration(state, slot.generation);
  if (generation !== undefined && ownListener(generation, state)?.id === listener.id) return true;
  return state.generations.every((other) => other.id === slot.generation || liveWorkers(other).length === 0);
}
