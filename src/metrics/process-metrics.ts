import { counter, gauge, type Metric, sample } from "./metric.js";

/** What a process has used and has; null what cannot be seen. */
export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly virtualBytes: number | null;
  /** Since the epoch. */
  readonly startedAtSeconds: number;
  readonly openFds: number | null;
  readonly maxFds: number | null;
}

/** Of the daemon, under the names that every Prometheus client has for them. */
export const processMetrics: readonly Metric<ProcessFacts>[] = [
  counter("process_cpu_seconds_total", "CPU time that the daemon has used.", ({ cpuSeconds }) =>
    sample(cpuSeconds),
  ),
  gauge("process_resident_memory_bytes", "Resident memory of the daemon.", ({ residentBytes }) =>
    sample(residentBytes),
  ),
  gauge("process_virtual_memory_bytes", "Virtual memory of the daemon.", ({ virtualBytes }) =>
    sample(virtualBytes),
  ),
  gauge(
    "process_start_time_seconds",
    "When the daemon's process was started, since the epoch.",
    ({ startedAtSeconds }) => sample(startedAtSeconds),
  ),
  gauge("process_open_fds", "File descriptors that the daemon has open.", ({ openFds }) => sample(openFds)),
  gauge("process_max_fds", "How many it may have.", ({ maxFds }) => sample(maxFds)),
];
