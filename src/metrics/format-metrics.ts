import type { Exposition } from "../control/port.js";
import type { StatusReport } from "../control/replies.js";
import { expose, type Family } from "./exposition.js";
import { gauge, readMetrics, sample } from "./metric.js";
import { type ProcessFacts, processMetrics } from "./process-metrics.js";
import { serviceMetrics } from "./service-metrics.js";
import { trafficMetrics } from "./traffic-metrics.js";
import { upgradeMetrics } from "./upgrade-metrics.js";
import { workerMetrics } from "./worker-metrics.js";

/**
 * All metrics of a service, as a scraper reads them; what is not known has no sample. Each has the service's name as a label, so that
 * those of several services can stand in one answer. `now` is in milliseconds since the epoch.
 */
export function formatMetrics(report: StatusReport, daemon: ProcessFacts, now: number): Exposition {
  const families = [...familiesOf(report, now), ...readMetrics(processMetrics, daemon)];
  return expose(families, { service: report.name });
}

/** A service of this machine; `status` null: its daemon does not answer, or not this user. */
export interface Instance {
  readonly name: string;
  readonly status: StatusReport | null;
}

/** Those of several services in one answer, but for the daemons' own: each daemon tells these itself. */
export function formatInstances(instances: readonly Instance[], now: number): Exposition {
  const families = new Map<string, Family>();
  const all = instances.flatMap(({ name, status }) => {
    const told = status === null ? [] : familiesOf(status, now);
    return [...readMetrics(reached, status), ...told].map((family) => labelled(family, name));
  });
  for (const family of all) {
    const samples = [...(families.get(family.name)?.samples ?? []), ...family.samples];
    families.set(family.name, { ...family, samples });
  }
  return expose([...families.values()], {});
}

const reached = [
  gauge(
    "holdfast_instance_up",
    "Whether the daemon tells how its service is.",
    (status: StatusReport | null) => sample(status !== null),
  ),
];

function labelled(family: Family, service: string): Family {
  return {
    ...family,
    samples: family.samples.map((one) => ({ ...one, labels: { service, ...one.labels } })),
  };
}

function familiesOf(report: StatusReport, now: number): readonly Family[] {
  return [
    ...readMetrics(serviceMetrics, report),
    ...readMetrics(upgradeMetrics, { report, now }),
    ...readMetrics(workerMetrics, report),
    ...readMetrics(trafficMetrics, report),
  ];
}
