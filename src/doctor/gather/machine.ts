import { existsSync } from "node:fs";
import { systemdVersion } from "../../systemd/show-units.js";
import type { MachineFacts } from "../facts.js";
import { listFolder, readSources } from "./units.js";

/** What does not depend on the instance. */
export async function gatherMachine(): Promise<MachineFacts> {
  return {
    root: process.geteuid?.() === 0,
    nodeVersion: process.versions.node,
    systemdVersion: (await systemdVersion()) ?? null,
    availableBytes: availableBytes(),
    dbusDaemon: !existsSync("/usr/bin/dbus-broker-launch"),
    needrestart: readSources([
      "/etc/needrestart/needrestart.conf",
      ...filesIn("/etc/needrestart/conf.d", ".conf"),
    ]),
    aptSettings: readSources(filesIn("/etc/apt/apt.conf.d", "")),
  };
}

/** What can be had without swapping: proc_meminfo(5) MemAvailable. */
function availableBytes(): number | null {
  const [source] = readSources(["/proc/meminfo"]);
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(source?.text ?? "")?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

function filesIn(folder: string, suffix: string): string[] {
  return listFolder(folder)
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => `${folder}/${name}`);
}
