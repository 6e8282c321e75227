import { readdirSync, readFileSync } from "node:fs";
import { libc } from "./ffi.js";

const WNOHANG = 1;

const waitpid = libc<[pid: number, status: null, options: number]>("int waitpid(int, void *, int)");

/** Children of this process that have ended and that nobody has asked for their status: state Z in proc_pid_stat(5). */
export function findEndedChildren(): ReadonlySet<number> {
  return new Set(
    readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && isEndedChild(pid)),
  );
}

/** Lets an ended child go. waitpid(2). */
export function reap(pid: number): void {
  waitpid(pid, null, WNOHANG);
}

function isEndedChild(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" && Number(parent) === process.pid;
  } catch {
    return false;
  }
}
