import type { ServerCounters } from "../../channel/worker-messages.js";
import { addTotals, nothingCounted } from "../../lib/counters.js";
import type { Event, Slot } from "../../model/event.js";
import { addListeners, type Count, type ListenerTotals } from "../../model/totals.js";
import { nameWorker } from "../../model/turn.js";

const keptGenerations = 16;

interface Reporter extends Slot {
  readonly pid: number;
}

/** What native workers have last said of their connections. What counts of it is in the state; the rest is of the moment. */
export class WorkerReports {
  readonly #latest = new Map<
    string,
    { readonly from: Reporter; readonly servers: readonly ServerCounters[]; readonly lagMs: number | null }
  >();

  take(from: Reporter, servers: readonly ServerCounters[]): void {
    this.#latest.set(nameWorker(from), { from, servers, lagMs: this.lagOf(from) });
    for (const [name, { from: old }] of this.#latest) {
      if (old.generation <= from.generation - keptGenerations) this.#latest.delete(name);
    }
  }

  /** How long the loop of a worker took to answer. */
  answered(from: Reporter, lagMs: number): void {
    const latest = this.#latest.get(nameWorker(from));
    if (latest?.from.pid === from.pid) this.#latest.set(nameWorker(from), { ...latest, lagMs });
  }

  /** Of the last answer; null where that very process has not been asked yet. */
  lagOf(from: Reporter): number | null {
    const latest = this.#latest.get(nameWorker(from));
    return latest?.from.pid === from.pid ? latest.lagMs : null;
  }

  of(slot: Slot): readonly ServerCounters[] {
    return this.#latest.get(nameWorker(slot))?.servers ?? [];
  }

  /** For the model. */
  counted(): Event {
    const counts = [...this.#latest.values()].map(({ from, servers }) => countsOf(from, servers));
    return { type: "counted", counts };
  }
}

/** What of a report only grows, by listener. */
export function countsOf({ generation, index, pid }: Reporter, servers: readonly ServerCounters[]): Count {
  return { generation, index, pid, listeners: addListeners(servers.map(toTotals)) };
}

function toTotals({ listener, counters }: ServerCounters): ListenerTotals {
  return { listener, ...addTotals(nothingCounted, counters) };
}
