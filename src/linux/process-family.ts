import { readFileSync } from "node:fs";
import { list } from "./proc.js";

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
