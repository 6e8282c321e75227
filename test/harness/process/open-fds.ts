import { readdirSync, readlinkSync } from "node:fs";

/** How many fds a process has open. */
export function countFds(pid: number | "self" = "self"): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Each fd of a process and what it is, as /proc names it: a path, or `socket:[INODE]`. Fds that it closes meanwhile are none. */
export function fdsOf(pid: number | "self"): { readonly fd: string; readonly name: string }[] {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).flatMap((fd) => {
    try {
      return [{ fd, name: readlinkSync(`${directory}/${fd}`) }];
    } catch {
      return [];
    }
  });
}

/** The names of `fdsOf`. */
export function listFds(pid: number | "self"): string[] {
  return fdsOf(pid).map(({ name }) => name);
}

/** How many fds a process has on the socket of this inode. */
export function countSocketFds(pid: number, inode: string): number {
  return listFds(pid).filter((name) => name === `socket:[${inode}]`).length;
}
