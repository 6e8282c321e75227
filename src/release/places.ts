import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Where the snapshots of a service are, all of them below its state directory. */
export function releasesDirectory(stateDirectory: string): string {
  return join(stateDirectory, "releases");
}

/** The snapshot itself: the working directory of its generation's workers. */
export function snapshotDirectory(stateDirectory: string, id: number): string {
  return join(releasesDirectory(stateDirectory), String(id));
}

export function manifestFile(stateDirectory: string, id: number): string {
  return `${snapshotDirectory(stateDirectory, id)}.manifest`;
}

/** What an app wrote into a snapshot that has since been removed, unless something was there already. */
export function writtenDirectory(stateDirectory: string, id: number): string {
  return join(stateDirectory, "written", String(id));
}

/** The ids of all snapshots on disk, whole ones and others, also those of which only a manifest is left. */
export function listSnapshots(stateDirectory: string): readonly number[] {
  let names: string[];
  try {
    names = readdirSync(releasesDirectory(stateDirectory));
  } catch {
    return [];
  }
  const ids = names.map((name) => /^([1-9][0-9]{0,14})(\.manifest(\.new)?)?$/.exec(name)?.[1]);
  return [...new Set(ids.flatMap((id) => (id === undefined ? [] : [Number(id)])))].sort((a, b) => a - b);
}
