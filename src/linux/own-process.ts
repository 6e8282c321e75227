import { readdirSync, readFileSync } from "node:fs";

/** What this process has of memory and fds besides what Node tells; undefined what cannot be seen. */
export interface OwnProcess {
  readonly virtualBytes: number | undefined;
  readonly openFds: number | undefined;
  readonly maxFds: number | undefined;
}

/** proc_pid_stat(5), proc_pid_fd(5), proc_pid_limits(5). */
export function readOwnProcess(): OwnProcess {
  return {
    virtualBytes: numberIn("/proc/self/status", /^VmSize:\s+(\d+) kB$/m, 1024),
    openFds: countOwnFds(),
    maxFds: numberIn("/proc/self/limits", /^Max open files\s+(\d+)/m, 1),
  };
}

function countOwnFds(): number | undefined {
  try {
    // One of them is open only as long as it is looked.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}

function numberIn(file: string, pattern: RegExp, unit: number): number | undefined {
  try {
    const digits = pattern.exec(readFileSync(file, "utf8"))?.[1];
    return digits === undefined ? undefined : Number(digits) * unit;
  } catch {
    return undefined;
  }
}
