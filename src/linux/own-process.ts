import { readFileSync } from "node:fs";

/** Bytes of virtual memory of this process; undefined where they cannot be seen. proc_pid_status(5) */
export function readVirtualBytes(): number | undefined {
  try {
    const [, kibibytes] = /^VmSize:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
