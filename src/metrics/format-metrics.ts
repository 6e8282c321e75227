import type { Exposition } from "../control/port.js";
import type { StatusReport } from "../control/replies.js";
import { expositionType, formatFamilies } from "./exposition.js";
import { readMetrics } from "./metric.js";
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
  const families = [
    ...readMetrics(serviceMetrics, report),
    ...readMetrics(upgradeMetrics, { report, now }),
    ...readMetrics(workerMetrics, report),
    ...readMetrics(trafficMetrics, report),
    ...readMetrics(processMetrics, daemon),
  ];
  return { mediaType: expositionType, text: formatFamilies(families, { service: report.name }) };
}
