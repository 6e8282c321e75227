import { setTimeout } from "node:timers/promises";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { SlotProcess } from "../../model/event.js";
import { findGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { Listener, State } from "../../model/state.js";
import { liveWorkers } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import type { Snapshots } from "../perform/snapshots.js";

/** What a judge has to look with, for the time of one trial or probation. */
export interface Courtroom {
  readonly name: string;
  readonly generation: Generation;
  readonly phase: "trial" | "probation";
  readonly current: () => State;
  readonly listeners: HeldListeners;
  readonly channels: WorkerChannels;
  readonly snapshots: Snapshots;
  readonly nowMs: () => number;
  readonly warn: (message: string) => void;
  /** The trial or probation is over, or the daemon acts no more. */
  readonly signal: AbortSignal;
  /** The verdict; `why` is for people. */
  readonly condemn: (why: string) => void;
}

/** The generation's own listeners, with their fds. */
export function listenersOf({ current, generation, listeners }: Courtroom): readonly {
  readonly listener: Listener;
  readonly fd: number;
}[] {
  return generation.listeners.flatMap((id) => {
    const listener = current().listeners.find((one) => one.id === id);
    const fd = listeners.fdOf(id);
    return listener === undefined || fd === undefined ? [] : [{ listener, fd }];
  });
}

/** Whether nobody else is left who might take a connection. */
export function servesAlone({ current, generation }: Courtroom): boolean {
  return current().generations.every((one) => one.id === generation.id || liveWorkers(one).length === 0);
}

/** The generation's workers at this moment. */
export function workersOf({ current, generation }: Courtroom): readonly SlotProcess[] {
  const now = findGeneration(current(), generation.id);
  return now === undefined ? [] : liveWorkers(now);
}

/** Looks again and again until the signal comes. */
export async function repeat(
  everyMs: number,
  signal: AbortSignal,
  look: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    await look();
    await wait(everyMs, signal);
  }
}

/** Ends early with the signal. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
