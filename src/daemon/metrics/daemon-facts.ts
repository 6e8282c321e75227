import { countFds } from "../../linux/fd.js";
import { readVirtualBytes } from "../../linux/own-process.js";
import type { ProcessFacts } from "../../metrics/process-metrics.js";

/** What this process has used and has, at this moment. */
export function readDaemonFacts(): ProcessFacts {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    virtualBytes: readVirtualBytes() ?? null,
    startedAtSeconds: performance.timeOrigin / 1000,
    ...readFds(),
  };
}

/** Whoever is out of fds cannot count them. */
function readFds(): Pick<ProcessFacts, "openFds" | "maxFds"> {
  try {
    const { open, limit } = countFds();
    return { openFds: open, maxFds: Number.isFinite(limit) ? limit : null };
  } catch {
    return { openFds: null, maxFds: null };
  }
}
