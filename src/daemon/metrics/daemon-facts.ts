import { readOwnProcess } from "../../linux/own-process.js";
import type { ProcessFacts } from "../../metrics/process-metrics.js";

/** What this process has used and has, at this moment. */
export function readDaemonFacts(): ProcessFacts {
  const { user, system } = process.cpuUsage();
  const { virtualBytes, openFds, maxFds } = readOwnProcess();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    virtualBytes: virtualBytes ?? null,
    startedAtSeconds: performance.timeOrigin / 1000,
    openFds: openFds ?? null,
    maxFds: maxFds ?? null,
  };
}
