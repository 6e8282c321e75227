import type { ServerCounters } from "../channel/worker-messages.js";
import type { Totals } from "../control/port.js";
import type { Slot, SlotProcess } from "../model/event.js";
import type { State } from "../model/state.js";
import { liveWorkers, nameWorker } from "../model/turn.js";
import type { WorkerChannels } from "../process/worker-channels.js";

const keptGenerations = 16;

/** What native workers have last said of their connections; of one that has ended, what it said last of all. */
export class WorkerReports {
  readonly #latest = new Map<string, { readonly slot: Slot; readonly servers: readonly ServerCounters[] }>();

  take(slot: Slot, servers: readonly ServerCounters[]): void {
    this.#latest.set(nameWorker(slot), { slot, servers });
    for (const [name, { slot: old }] of this.#latest) {
      if (old.generation <= slot.generation - keptGenerations) this.#latest.delete(name);
    }
  }

  of(slot: Slot): readonly ServerCounters[] {
    return this.#latest.get(nameWorker(slot))?.servers ?? [];
  }

  /** The sums over a generation's workers, those that have ended among them; null when none has said anything. */
  sum(generation: number): Totals | null {
    const reports = [...this.#latest.values()].filter(({ slot }) => slot.generation === generation);
    if (reports.length === 0) return null;
    const total = { moved: 0, adopted: 0, requests: 0, finished: 0, cut: 0 };
    for (const { counters } of reports.flatMap(({ servers }) => servers)) {
      total.moved += counters.moved;
      total.adopted += counters.adopted;
      total.requests += counters.requests;
      total.finished += counters.finished;
      total.cut += counters.cut;
    }
    return total;
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
