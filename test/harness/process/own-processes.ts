import { readdirSync, readFileSync } from "node:fs";
import { closeFd } from "../../../src/linux/fd.js";
import { openPidfd, signalPidfd } from "../../../src/linux/pidfd.js";

/** The processes that a daemon of this name started, found by the environment it gives them. */
export function findWorkers(name: string): number[] {
  return listProcesses().filter((pid) => isWorkerOf(name, pid));
}

/** The daemons of this name, found by their arguments. */
export function findDaemons(name: string): number[] {
  return listProcesses().filter((pid) => isDaemonOf(name, pid));
}

/** All processes that have this in their environment. */
export function findProcesses(variable: string, value: string): number[] {
  return listProcesses().filter((pid) => readList(pid, "environ").includes(`${variable}=${value}`));
}

/** Whether it stands still: SIGSTOP takes effect a moment after it was sent. */
export function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
}

/** SIGKILL for every one of the workers. */
export function killWorkers(name: string): void {
  for (const pid of findWorkers(name)) killIf(pid, () => isWorkerOf(name, pid));
}

/** SIGKILL for every one of the daemons. */
export function killDaemons(name: string): void {
  for (const pid of findDaemons(name)) killIf(pid, () => isDaemonOf(name, pid));
}

function killIf(pid: number, isOwn: () => boolean): void {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  // Looked at once more: from here on the pid cannot come to mean another process.
  if (isOwn()) signalPidfd(pidfd, "SIGKILL");
  closeFd(pidfd);
}

function listProcesses(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

function isWorkerOf(name: string, pid: number): boolean {
  return readList(pid, "environ").includes(`HOLDFAST_NAME=${name}`);
}

function isDaemonOf(name: string, pid: number): boolean {
  const argv = readList(pid, "cmdline");
  // Not what has only been told to start one.
  if (argv[0] !== process.execPath) return false;
  return argv[argv.indexOf("--name") + 1] === name && argv.includes("--runtime-dir");
}

function readList(pid: number, file: "cmdline" | "environ"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1").split("\0");
  } catch {
    return [];
  }
}
