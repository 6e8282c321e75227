import { listensElsewhere } from "../../linux/own-listening.js";
import type { SlotProcess } from "../../model/event.js";
import { findGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { ReadyRule } from "../../model/plan.js";
import type { Listener } from "../../model/state.js";
import { liveWorkers, nameWorker } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import { accepts, listenersThatAccept, type Sight } from "./await-accepting.js";

const probeMs = 1_000;
const reportMs = 1_000;

/** What is seen of a worker that is not ready. */
export interface LateWorker {
  readonly name: string;
  readonly rule: ReadyRule["when"];
  readonly native: boolean;
  readonly served: readonly Pick<Listener, "name" | "address">[];
  readonly unserved: readonly Pick<Listener, "name" | "address">[];
  /** Where it listens besides. */
  readonly elsewhere: readonly string[];
}

/** Looks at the first worker that is late; null when it is gone. */
export async function explainLate(
  sight: Sight & { readonly channels: WorkerChannels },
  id: number,
): Promise<string | null> {
  const generation = findGeneration(sight.current(), id);
  const slot = generation === undefined ? undefined : firstLate(generation);
  if (generation === undefined || slot === undefined) return null;
  const { channels } = sight;
  const listeners = listenersThatAccept(sight, id);
  const native = channels.isNative(slot);
  const served = native
    ? await servedBy(slot, listeners, channels)
    : await acceptedBy(sight, slot, listeners);
  const inodes = new Set(sight.current().listeners.map(({ inode }) => inode));
  return describeLate({
    name: nameWorker(slot),
    rule: generation.specification.plan.ready.rule.when,
    native,
    served,
    unserved: listeners.filter((listener) => !served.includes(listener)),
    elsewhere: listensElsewhere(slot.process.pid, inodes),
  });
}

function firstLate({ id, workers }: Generation): SlotProcess | undefined {
  return liveWorkers({ id, workers: workers.filter(({ run }) => run.phase === "starting") })[0];
}

/** A native worker that stands by accepts nobody; it tells what it serves. */
async function servedBy(
  slot: SlotProcess,
  listeners: readonly Listener[],
  channels: WorkerChannels,
): Promise<readonly Listener[]> {
  const answer = await channels.ask(slot, { type: "query" }, [], reportMs);
  const servers = answer?.message.type === "report" ? answer.message.servers : [];
  return listeners.filter(({ name }) => servers.some(({ listener }) => listener === name));
}

async function acceptedBy(
  sight: Sight,
  slot: SlotProcess,
  listeners: readonly Listener[],
): Promise<readonly Listener[]> {
  const signal = AbortSignal.timeout(probeMs);
  const taken = await Promise.all(listeners.map((listener) => accepts(sight, slot, listener, signal)));
  return listeners.filter((_, index) => taken[index]);
}

/** In one sentence, with what to do. */
export function describeLate({ name, rule, native, served, unserved, elsewhere }: LateWorker): string {
  const worker = `worker ${name}`;
  const missing = unserved.map((listener) => `${listener.name} (${listener.address})`).join(" and ");
  if (unserved.length > 0 && elsewhere.length > 0) {
    const taking =
      "the app has to take the socket that it is passed (LISTEN_FDS, fd 3), as an unchanged Node app does by `node --import holdfast/register`";
    return `${worker} listens on ${elsewhere.join(" and ")} itself, and not at the listener ${missing}; ${taking}`;
  }
  if (native && unserved.length > 0) return `the app in ${worker} does not serve the listener ${missing}`;
  if (served.length > 0 && unserved.length > 0) {
    const others = served.map((listener) => listener.name).join(" and ");
    return `${worker} accepts at the listener ${others}, but not at ${missing}`;
  }
  if (unserved.length > 0) return `${worker} does not accept at the listener ${missing}`;
  if (rule === "notify" && served.length > 0) {
    const remedy = 'for a program that cannot say it write when = "accepts" below [ready]';
    return `${worker} accepts connections, but has not said READY=1; ${remedy}`;
  }
  if (rule === "command") return `${worker} runs, and the ready command does not exit with 0`;
  if (rule === "accepts") return 'there is no listener that takes connections, as when = "accepts" needs one';
  return `${worker} runs, and has not said READY=1`;
}
