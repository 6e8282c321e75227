import type { ServerCounters } from "../../channel/worker-messages.js";
import { nothingCounted } from "../../lib/counters.js";
import type { Event, Slot, SlotProcess } from "../../model/event.js";
import type { State } from "../../model/state.js";
import { addListeners, addTotals, type Count, type ListenerTotals } from "../../model/totals.js";
import { liveWorkers, nameWorker } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";

const keptGenerations = 16;

interface Reporter extends Slot {
  readonly pid: number;
}

/** What native workers have last said of their connections. What counts of it is in the state; the rest is of the moment. */
export class WorkerReports {
  readonly #latest = new Map<
    string,
    { readonly from: Reporter; readonly servers: readonly ServerCounters[] }
  >();

  take(from: Reporter, servers: readonly ServerCounters[]): void {
    this.#latest.set(nameWorker(from), { from, servers });
    for (const [name, { from: old }] of this.#latest) {
      if (old.generation <= from.generation - keptGenerations) this.#latest.delete(name);
    }
  }

  of(slot: Slot): readonly ServerCounters[] {
    return this.#latest.get(nameWorker(slot))?.servers ?? [];
  }

  /** For the model. */
  counted(): Event {
    const counts = [...this.#latest.values()].map(({ from, servers }) => countsOf(from, servers));
    return { type: "counted", counts };
  }

  /** Asks every native worker, whose answers are taken as they come; returns those that did not answer in time. */
  async refresh(state: State, channels: WorkerChannels, timeoutMs: number): Promise<readonly SlotProcess[]> {
    const asked = state.generations
      .flatMap((generation) => liveWorkers(generation))
      .filter((slot) => channels.isNative(slot));
    const silent: SlotProcess[] = [];
    await Promise.all(
      asked.map(async (slot) => {
        const answer = await channels.ask(slot, { type: "query" }, [], timeoutMs);
        if (answer?.message.type !== "report") silent.push(slot);
      }),
    );
    return silent;
  }
}

/** What of a report only grows, by listener. */
export function countsOf({ generation, index, pid }: Reporter, servers: readonly ServerCounters[]): Count {
  return { generation, index, pid, listeners: addListeners(servers.map(toTotals)) };
}

function toTotals({ listener, counters }: ServerCounters): ListenerTotals {
  return { listener, ...addTotals(nothingCounted, counters) };
}
