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

/** What an app wrote into a snapshot that has since been removed. */
export function writtenDirectory(stateDirectory: string, id: number): string {
  return join(stateDirectory, "written", String(id));
}
