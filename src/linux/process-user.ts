import { readFileSync } from "node:fs";

/** The effective uid of a process; undefined when it is not there. proc_pid_status(5). */
export function userOf(pid: number): number | undefined {
  try {
    const [, uid] = /^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return uid === undefined ? undefined : Number(uid);
  } catch {
    return undefined;
  }
}
