import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { cgroupOf, ownCgroup } from "../linux/cgroup.js";
import { closeFd } from "../linux/fd.js";
import { groupOf, hasEnded, openPidfd, pidOfPidfd, processName, signalPidfd } from "../linux/pidfd.js";
import { familyOf } from "../linux/process-family.js";
import type { LeftBehind, Slot } from "../model/event.js";

/** From SIGTERM to SIGKILL. */
const killAfterMs = 5_000;
/** For whoever looks after those that are killed first, to tidy up after them and go, as conmon does. */
const tidyMs = 2_000;

/**
 * The processes that a worker has left and that are nobody's any more: they have the environment that it was started with. One that was
 * started as a daemon of its own, as daemon(3) and podman do, is in no process group and no family of the worker's. Only in this process's
 * cgroup and pid namespace: in a container another service may have a directory of the same path. `butGroup`: a process group that is left
 * out. proc_pid_environ(5).
 */
export function findLeftBehind(appDirectory: string, slot: Slot, butGroup?: number): readonly LeftBehind[] {
  const wanted = [
    // Two services of one cgroup may have the same name, but not the same directory.
    `HOLDFAST_STATE_DIRECTORY=${appDirectory}`,
    `HOLDFAST_GENERATION=${slot.generation}`,
    `HOLDFAST_WORKER=${slot.index}`,
  ];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && hasAll(pid, wanted) && isNear(pid))
    .filter((pid) => butGroup === undefined || groupOf(pid) !== butGroup)
    .map((pid) => ({ pid, name: processName(pid) ?? "?" }));
}

/** Asks them to end, and kills what does not: first what they have started, a container by its first process, then themselves. */
export async function endLeftBehind(left: readonly LeftBehind[]): Promise<void> {
  if (left.length === 0) return;
  const heads = open(left.map(({ pid }) => pid));
  send(heads, "SIGTERM");
  await pause(killAfterMs, undefined, { ref: false });
  const alive = heads.filter((pidfd) => !hasEnded(pidfd));
  const started = open(alive.flatMap((pidfd) => familyOf(pidOfPidfd(pidfd) ?? 0).slice(1)));
  send(started, "SIGKILL");
  if (started.length > 0) await pause(tidyMs, undefined, { ref: false });
  send(alive, "SIGKILL");
  for (const pidfd of [...heads, ...started]) closeFd(pidfd);
}

function open(pids: readonly number[]): readonly number[] {
  return pids.flatMap((pid) => openPidfd(pid) ?? []);
}

function send(pidfds: readonly number[], signal: "SIGTERM" | "SIGKILL"): void {
  for (const pidfd of pidfds) {
    try {
      signalPidfd(pidfd, signal);
    } catch {
      // It has become another user's, out of reach.
    }
  }
}

function isNear(pid: number): boolean {
  const own = ownCgroup();
  return (own === undefined || isBelow(cgroupOf(pid), own)) && namespaceOf(pid) === namespaceOf("self");
}

function isBelow(cgroup: string | undefined, own: string): boolean {
  return cgroup === own || (cgroup?.startsWith(own === "/" ? own : `${own}/`) ?? false);
}

function namespaceOf(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function hasAll(pid: number, wanted: readonly string[]): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return wanted.every((variable) => variables.includes(variable));
  } catch {
    return false;
  }
}
