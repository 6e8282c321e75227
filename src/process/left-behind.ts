import { readdirSync, readFileSync } from "node:fs";
import { closeFd } from "../linux/fd.js";
import { openPidfd, processName, signalPidfd } from "../linux/pidfd.js";
import type { LeftBehind, Slot } from "../model/event.js";

/** From SIGTERM to SIGKILL. */
const killAfterMs = 5_000;

/**
 * The processes that a worker has left and that are nobody's any more: they have the environment that it was started with. One that was
 * started as a daemon of its own, as daemon(3) does, is in no process group and no family of the worker's. proc_pid_environ(5).
 */
export function findLeftBehind(service: string, slot: Slot): readonly LeftBehind[] {
  const wanted = [
    `HOLDFAST_NAME=${service}`,
    `HOLDFAST_GENERATION=${slot.generation}`,
    `HOLDFAST_WORKER=${slot.index}`,
  ];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && hasAll(pid, wanted))
    .map((pid) => ({ pid, name: processName(pid) ?? "?" }));
}

/** Asks them to end, and kills what does not. */
export function endLeftBehind(left: readonly LeftBehind[]): void {
  if (left.length === 0) return;
  const pidfds = left.flatMap(({ pid }) => openPidfd(pid) ?? []);
  const send = (signal: "SIGTERM" | "SIGKILL"): void => {
    for (const pidfd of pidfds) {
      try {
        signalPidfd(pidfd, signal);
      } catch {
        // It has become another user's, out of reach.
      }
    }
  };
  send("SIGTERM");
  const kill = (): void => {
    send("SIGKILL");
    pidfds.forEach(closeFd);
  };
  setTimeout(kill, killAfterMs).unref();
}

function hasAll(pid: number, wanted: readonly string[]): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return wanted.every((variable) => variables.includes(variable));
  } catch {
    return false;
  }
}
