import { readdirSync, readFileSync } from "node:fs";
import { closeFd } from "../../../src/linux/fd.js";
import { openPidfd, signalPidfd } from "../../../src/linux/pidfd.js";

/** The processes that a daemon of this name started, found by the environment it gives them. */
export function findWorkers(name: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && isWorkerOf(name, pid));
}

/** SIGKILL for every one of them. */
export function killWorkers(name: string): void {
  for (const pid of findWorkers(name)) {
    const pidfd = openPidfd(pid);
    if (pidfd === undefined) continue;
    // Looked at once more: from here on the pid cannot come to mean another process.
    if (isWorkerOf(name, pid)) signalPidfd(pidfd, "SIGKILL");
    closeFd(pidfd);
  }
}

function isWorkerOf(name: string, pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`HOLDFAST_NAME=${name}`);
  } catch {
    return false;
  }
}
