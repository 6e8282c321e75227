import { renameSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Rig } from "./rig.js";

export const presentDaemon = fileURLToPath(new URL("../../../src/daemon.js", import.meta.url));
/** holdfastd of a later version, whose state this one cannot read. */
export const futureDaemon = fileURLToPath(new URL("./future-daemon.js", import.meta.url));
export const faultyDaemon = fileURLToPath(new URL("./faulty-daemon.js", import.meta.url));
export const nativePuppet = fileURLToPath(new URL("./native-puppet.js", import.meta.url));
export const puppet = fileURLToPath(new URL("./puppet.js", import.meta.url));

/** Puts another program in the place of the daemon's, as a package does. */
export function install(rig: Rig, target: string): void {
  symlinkSync(target, `${rig.program}.new`);
  renameSync(`${rig.program}.new`, rig.program);
}
