import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** Where the version 2 hierarchy is: alone, or beside version 1. */
const mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/** The path of this process in the version 2 hierarchy, like `/system.slice/web.service`. cgroups(7). */
export function ownCgroup(): string | undefined {
  return cgroupOf("self");
}

/** The same of any process; undefined when it is gone or hidden. */
export function cgroupOf(pid: number | "self"): string | undefined {
  try {
    return /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/** The pids directly in a cgroup (not in those below it); empty when it does not exist. */
export function processesIn(cgroup: string): number[] {
  for (const mount of mounts) {
    try {
      const lines = readFileSync(`${mount}${cgroup}/cgroup.procs`, "utf8").split("\n");
      // A process of another pid namespace reads as 0.
      return lines.map(Number).filter((pid) => pid > 0);
    } catch {
      // The other mount may have it.
    }
  }
  return [];
}

/** The service unit this process runs in; undefined outside of one (a login session, a container without systemd). */
export function ownUnitName(): string | undefined {
  return unitOf("self");
}

/** The same of any process; undefined also when it is gone or hidden. */
export function unitOf(pid: number | "self"): string | undefined {
  const name = basename(cgroupOf(pid) ?? "");
  return name.endsWith(".service") ? name : undefined;
}
