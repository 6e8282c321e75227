import type { GenerationReport, StatusReport } from "../../control/replies.js";
import { sumOver } from "../../lib/counters.js";

/** How the old generations hand over and drain; undefined when they have ended. */
export function describeDrain({ generations }: StatusReport): string | undefined {
  const draining = generations.filter(({ phase }) => phase === "draining");
  return draining.length === 0 ? undefined : draining.map(describe).join("; ");
}

function describe({ id, workers, counters }: GenerationReport): string {
  const left = `generation ${id} drains: `;
  if (counters === null) return `${left}${workers.length} worker(s) left`;
  const servers = workers.flatMap((worker) => worker.servers);
  const { moved, finished, cut } = counters;
  return `${left}${moved} connections moved, ${finished} finished, ${cut} cut, ${sumOver(servers, "open")} left (${sumOver(servers, "inFlight")} busy)`;
}
