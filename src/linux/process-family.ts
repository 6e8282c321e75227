import { readdirSync, readFileSync } from "node:fs";

/** A process and its descendants, parents first. proc_tid_children(5). */
export function familyOf(pid: number): readonly number[] {
  const family = [pid];
  for (const member of family) {
    for (const thread of list(`/proc/${member}/task`)) {
      family.push(...readPids(`/proc/${member}/task/${thread}/children`));
    }
  }
  return family;
}

function readPids(path: string): number[] {
  try {
    return readFileSync(path, "utf8").split(" ").map(Number).filter(Boolean);
  } catch {
    return [];
  }
}

/** Names in a directory of /proc; none when it is gone or hidden. */
export function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
