import { closeFd } from "../../linux/fd.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { Event, Slot } from "../../model/event.js";
import { findGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { State } from "../../model/state.js";
import type { NotifySockets } from "../../process/notify-sockets.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import type { WorkerProcesses } from "../../process/worker-processes.js";
import { collectFds, type NamedFd } from "./collect-fds.js";
import { type WorkerPlaces, workerCommand } from "./commands.js";

export interface StartOptions {
  readonly name: string;
  readonly places: WorkerPlaces;
  readonly listeners: HeldListeners;
  readonly workers: WorkerProcesses;
  readonly channels: WorkerChannels;
  readonly notifySockets: NotifySockets;
}

/** Starts a worker, which waits at its gate. One that cannot be started leaves nothing open. */
export function startWorker(
  options: StartOptions,
  { generation: id, index }: Slot,
  state: State,
): readonly Event[] {
  const { channels, notifySockets } = options;
  const slot = { generation: id, index };
  const generation = findGeneration(state, id);
  if (generation === undefined) return [];
  const fds = collectFds(generation, state, options.listeners);
  if (!fds.ok) return [{ type: "spawn-failed", ...slot, failure: fds.failure }];
  const notifySocket = notifySockets.open(slot);
  if (!notifySocket.ok) return [{ type: "spawn-failed", ...slot, failure: notifySocket.failure }];
  let started = false;
  try {
    const spawned = spawn(options, generation, index, state, fds.value, notifySocket.value);
    started = spawned.ok;
    return spawned.ok
      ? [{ type: "spawned", ...slot, process: spawned.value }]
      : [{ type: "spawn-failed", ...slot, failure: spawned.failure }];
  } finally {
    if (!started) {
      channels.forget(slot);
      notifySockets.forget(slot);
    }
  }
}

function spawn(
  { name, places, workers, channels }: StartOptions,
  generation: Generation,
  index: number,
  state: State,
  fds: readonly NamedFd[],
  notifySocket: string,
): ReturnType<WorkerProcesses["spawn"]> {
  const slot = { generation: generation.id, index };
  const channel = channels.open(slot);
  try {
    return workers.spawn(
      slot,
      workerCommand(name, generation, index, state, places, fds, channel, notifySocket),
    );
  } finally {
    closeFd(channel);
  }
}
