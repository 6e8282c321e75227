import { readlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { familyOf, list } from "./process-family.js";

/** Links read in one turn of the loop: half a millisecond. */
const batch = 100;

/**
 * Which of the processes holds a socket, itself or one that descends from it; the first, when several do. Undefined when
 * none is seen to, be it that /proc does not show their fds (another user, ProtectProc=). The loop goes on meanwhile.
 */
export async function findHolder(inode: number, pids: readonly number[]): Promise<number | undefined> {
  const wanted = `socket:[${inode}]`;
  let looked = 0;
  for (const pid of pids) {
    for (const relative of familyOf(pid)) {
      for (const fd of list(`/proc/${relative}/fd`)) {
        if (readLink(`/proc/${relative}/fd/${fd}`) === wanted) return pid;
        looked += 1;
        if (looked % batch === 0) await setImmediate();
      }
    }
  }
  return undefined;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
