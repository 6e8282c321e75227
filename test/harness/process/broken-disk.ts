import { renameSync, symlinkSync, writeFileSync } from "node:fs";
import type { Rig } from "./rig.js";

/**
 * What stands in for a full disk: root may write into any directory, but nobody into a file as if it were one. Snapshots are out of
 * sight with the rest, so who starts workers meanwhile runs in place.
 */
export function breakDisk({ stateDirectory }: Rig): void {
  renameSync(stateDirectory, `${stateDirectory}.away`);
  writeFileSync(stateDirectory, "");
}

/** Once for a rig, and in one step: a daemon that tries again makes a directory of its own where there is nothing. */
export function mendDisk({ stateDirectory }: Rig): void {
  symlinkSync(`${stateDirectory}.away`, `${stateDirectory}.mended`);
  renameSync(`${stateDirectory}.mended`, stateDirectory);
}
