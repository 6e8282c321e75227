import { setImmediate } from "node:timers/promises";
import { list, socketInode } from "./proc.js";
import { familyOf } from "./process-family.js";

/** Links read in one turn of the loop: half a millisecond. */
const batch = 100;

/**
 * Which of the processes holds a socket, itself or one that descends from it; the first, when several do. Undefined when
 * none is seen to, be it that /proc does not show their fds (another user, ProtectProc=). The loop goes on meanwhile.
 */
export async function findHolder(inode: number, pids: readonly number[]): Promise<number | undefined> {
  const wanted = String(inode);
  let looked = 0;
  for (const pid of pids) {
    for (const relative of familyOf(pid)) {
      for (const fd of list(`/proc/${relative}/fd`)) {
        if (socketInode(relative, fd) === wanted) return pid;
        looked += 1;
        if (looked % batch === 0) await setImmediate();
      }
    }
  }
  return undefined;
}
