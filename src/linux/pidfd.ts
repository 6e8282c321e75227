import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";
import { basename } from "node:path";
import { errorCode, HoldfastError } from "../lib/failure.js";
import { libc, orThrow, systemCallFailed } from "./ffi.js";
import { isReadable } from "./poll.js";

// Above 424 the numbers of system calls are the same on every architecture; musl has no wrappers for these.
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

const { EBADF, EPERM, ESRCH } = constants.errno;

const syscall = libc<[call: number, first: number, second: number, third: number, fourth: number]>(
  "long syscall(long, long, long, long, long)",
);

/** A close-on-exec fd that stays with this very process whatever becomes of its pid; undefined when there is none. pidfd_open(2). */
export function openPidfd(pid: number): number | undefined {
  const result = syscall(SYS_pidfd_open, pid, 0, 0, 0);
  if (result === -ESRCH) return undefined;
  return orThrow(`open a pidfd of process ${pid}`, result);
}

/** PID_MAX_LIMIT of the kernel: no process has a higher number. */
const maxPid = 4_194_304;

/** A number for a process of another pid namespace, where it has this pid: no process here can have it. pid_namespaces(7). */
export function markUnseen(pid: number): number {
  return pid > maxPid ? pid : pid + maxPid;
}

/** Whether it was made by {@link markUnseen}: signals from here do not reach it. */
export function isUnseen(pid: number): boolean {
  return pid > maxPid;
}

/** The pid behind a pidfd; 0 when it is of a pid namespace that cannot be seen from here; -1 when the process is gone and reaped; undefined when the fd is no pidfd. proc_pid_fdinfo(5). */
export function pidOfPidfd(fd: number): number | undefined {
  const pid = /^Pid:\s+(-?\d+)$/m.exec(readProc(`self/fdinfo/${fd}`) ?? "")?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Whether the process has ended, be it that its parent has not asked for its status yet. pidfd_open(2). */
export function hasEnded(pidfd: number): boolean {
  return isReadable(pidfd);
}

/** False when the process is gone. pidfd_send_signal(2). */
export function signalPidfd(pidfd: number, signal: NodeJS.Signals): boolean {
  const result = syscall(SYS_pidfd_send_signal, pidfd, constants.signals[signal], 0, 0);
  if (result === -ESRCH) return false;
  orThrow(`send ${signal} through pidfd ${pidfd}`, result);
  return true;
}

/** A close-on-exec copy of another process's fd; undefined when that is not permitted or there is none. pidfd_getfd(2). */
export function takeFd(pidfd: number, targetFd: number): number | undefined {
  const result = syscall(SYS_pidfd_getfd, pidfd, targetFd, 0, 0);
  if (result >= 0) return result;
  if (result === -EPERM || result === -EBADF || result === -ESRCH) return undefined;
  throw systemCallFailed(`take fd ${targetFd} through pidfd ${pidfd}`, result);
}

/** Signals every process of a group; false when there is none. kill(2). */
export function signalGroup(pgid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isSafeInteger(pgid) || pgid <= 1) {
    // kill(-1) would reach every process there is, kill(0) this one's own group.
    throw new HoldfastError("bad-process-group", `cannot signal process group ${pgid}: not one of a worker`);
  }
  try {
    return process.kill(-pgid, signal);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
    throw error;
  }
}

/** When a process started, in clock ticks since boot: with the pid it names one process for all time. proc_pid_stat(5) field 22. */
export function startTimeOf(pid: number): number | undefined {
  return statField(pid, 22);
}

export function parentOf(pid: number): number | undefined {
  return statField(pid, 4);
}

/** Undefined when the process is gone or hidden. */
export function groupOf(pid: number): number | undefined {
  return statField(pid, 5);
}

/** Who lives in a process group, as far as /proc shows it; those that have ended and wait for their parent do not. proc_pid_stat(5) */
export function findInGroup(group: number): readonly number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    const fields = statFields(pid);
    return fields !== undefined && Number(fields[2]) === group && !/[ZX]/.test(fields[0] ?? "Z");
  });
}

/** The controlling terminal, as a device number; undefined where there is none. */
export function terminalOf(pid: number): number | undefined {
  return statField(pid, 7) || undefined;
}

/** Resident memory, shared pages included; undefined when the process is gone or hidden. proc_pid_status(5) VmRSS. */
export function residentBytes(pid: number): number | undefined {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`${pid}/status`) ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Resident memory with each shared page divided by those who share it; undefined as above, and for other users' processes. proc_pid_smaps(5). */
export function proportionalBytes(pid: number): number | undefined {
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readProc(`${pid}/smaps_rollup`) ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** The name ps(1) shows, at most 15 characters. From version 24 on Node names its thread, and the program tells more. proc_pid_comm(5). */
export function processName(pid: number): string | undefined {
  const name = readProc(`${pid}/comm`)?.trimEnd();
  return name === "MainThread" ? (programOf(pid) ?? name) : name;
}

function programOf(pid: number): string | undefined {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return undefined;
  }
}

/** Fields are numbered as in proc_pid_stat(5). The second one, the name, may itself hold spaces and brackets. */
function statField(pid: number, field: number): number | undefined {
  const text = statFields(pid)?.[field - 3];
  return text === undefined ? undefined : Number(text);
}

/** From the third on. */
function statFields(pid: number): readonly string[] | undefined {
  const stat = readProc(`${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}
