import { readdirSync, readlinkSync } from "node:fs";

/** How many fds a process has open. */
export function countFds(pid: number | "self" = "self"): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** What each fd of a process is, as /proc names it: a path, or `socket:[INODE]`. Fds that it closes meanwhile are none. */
export function listFds(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).flatMap((fd) => {
    try {
      return [readlinkSync(`${directory}/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** How many fds a process has on the socket of this inode. */
export function countSocketFds(pid: number, inode: string): number {
  return listFds(pid).filter((name) => name === `socket:[${inode}]`).length;
}
