import { readdirSync } from "node:fs";
import { releasesDirectory } from "./places.js";

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
