import { readFileSync } from "node:fs";

/** Names this boot of the machine; undefined where /proc/sys is hidden (ProcSubset=pid). random(4). */
export function bootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return undefined;
  }
}

/** CLOCK_MONOTONIC in milliseconds with a fraction: one clock for all processes of a boot. clock_gettime(2). */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
