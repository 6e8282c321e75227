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
    nssSystemd: hasNssSystemd(),
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

/** The module is there, in whatever folder this architecture has its libraries in, and nsswitch.conf(5) names it. */
function hasNssSystemd(): boolean {
  const [source] = readSources(["/etc/nsswitch.conf"]);
  if (!/^passwd:.*\bsystemd\b/m.test(source?.text ?? "")) return false;
  const folders = ["/usr/lib64", "/usr/lib", ...listFolder("/usr/lib").map((name) => `/usr/lib/${name}`)];
  return folders.some((folder) => listFolder(folder).includes("libnss_systemd.so.2"));
}

function filesIn(folder: string, suffix: string): string[] {
  return listFolder(folder)
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => `${folder}/${name}`);
}
