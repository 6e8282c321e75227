import { readlinkSync } from "node:fs";
import { ownCgroup } from "../linux/cgroup.js";

/** From where a daemon sees processes, and to what its own belong. */
export interface Reach {
  readonly pidNamespace: string;
  readonly cgroup: string;
}

export function ownReach(): Reach {
  return { pidNamespace: readlinkSync("/proc/self/ns/pid"), cgroup: ownCgroup() ?? "" };
}

/**
 * Whether one can go on with the other's workers. In another pid namespace they could not be signalled, and in another cgroup
 * they would end with the unit or container that they belong to.
 */
export function canKeepWorkers(one: Reach, other: Reach): boolean {
  return one.pidNamespace === other.pidNamespace && one.cgroup === other.cgroup;
}
