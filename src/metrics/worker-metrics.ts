import type { StatusReport, WorkerReport } from "../control/replies.js";
import type { Sample } from "./exposition.js";
import { gauge, type Metric, sample, seconds } from "./metric.js";

const roles = ["active", "candidate", "held", "draining"] as const;
const states = ["waiting", "spawning", "starting", "ready", "stopping", "draining"] as const;

/**
 * Workers by the role of their generation. They are told apart by their place in it and not by its number, so that upgrades make no new
 * series; those in one place of several generations that drain are taken together.
 */
export const workerMetrics: readonly Metric<StatusReport>[] = [
  gauge("holdfast_workers", "Workers by the role of their generation and what they do.", (report) =>
    roles.flatMap((role) => {
      const workers = workersOf(report, role);
      return states.flatMap((state) =>
        sample(workers.filter(({ phase }) => phase === state).length, { role, state }),
      );
    }),
  ),
  gauge(
    "holdfast_worker_resident_memory_bytes",
    "Resident memory of workers, shared pages included.",
    (report) =>
      byPlace(
        report,
        ({ residentBytes }) => residentBytes,
        (one, other) => one + other,
      ),
  ),
  gauge(
    "holdfast_worker_lag_seconds",
    "How long the event loop of a native worker took to answer the daemon's last question.",
    (report) => byPlace(report, ({ lagMs }) => seconds(lagMs), Math.max),
  ),
];

function workersOf({ generations }: StatusReport, role: (typeof roles)[number]): readonly WorkerReport[] {
  return generations.filter(({ phase }) => phase === role).flatMap(({ workers }) => workers);
}

function byPlace(
  report: StatusReport,
  read: (worker: WorkerReport) => number | null,
  add: (one: number, other: number) => number,
): readonly Sample[] {
  return roles.flatMap((role) => {
    const places = new Map<string, number>();
    for (const worker of workersOf(report, role)) {
      const value = read(worker);
      if (value === null) continue;
      // `8.1`: generation and place.
      const place = worker.name.slice(worker.name.indexOf(".") + 1);
      const known = places.get(place);
      places.set(place, known === undefined ? value : add(known, value));
    }
    return [...places].flatMap(([worker, value]) => sample(value, { role, worker }));
  });
}
