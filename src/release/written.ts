import type { BigIntStats } from "node:fs";
import { inParallel } from "../lib/in-parallel.js";
import { isSealed, withFile } from "./content.js";
import { Folder, type Name } from "./folder.js";
import type { Made, Manifest } from "./manifest.js";
import { kindOf, lanes } from "./tree.js";

/** utimensat(2) as Node calls it keeps microseconds. */
const clockErrorNs = 2_000n;

/** Something in a snapshot, seen from the directory that it is in. */
export interface Seen {
  readonly folder: Folder;
  readonly name: Name;
  /** From the snapshot's top. */
  readonly path: string;
  readonly stats: BigIntStats;
  /** By the app: a file it changed, or the topmost of what it created. */
  readonly written: boolean;
  /** For what is in it, should it be a directory: undefined where nothing there counts. */
  readonly below: Manifest | undefined;
}

/** Looks at all that is in a directory of a snapshot. Without a manifest nothing counts as written. */
export async function lookInside(
  folder: Folder,
  path: string,
  manifest: Manifest | undefined,
  see: (seen: Seen) => Promise<void>,
): Promise<void> {
  await inParallel(await folder.list(), lanes, async (name) => {
    const child = path === "" ? `${name}` : `${path}/${name}`;
    const stats = folder.look(name);
    // A name that is not UTF-8 is none of the release's.
    const made = typeof name === "string" ? manifest?.get(child) : undefined;
    // Python makes it again, and what is writable is the app's.
    const below = `${name}` === "__pycache__" || made?.kind === "writable" ? undefined : manifest;
    const written =
      below !== undefined && (made === undefined || !(await isAsMade(folder.at(name), stats, made)));
    await see({ folder, name, path: child, stats, written, below });
  });
}

/** What an app has written into its snapshot where it is not meant to: the files it changed, and the topmost of what it created. Sorted. */
export async function findWritten(snapshot: string, manifest: Manifest): Promise<string[]> {
  const found: string[] = [];
  const search = async (folder: Folder, path: string): Promise<void> => {
    const inside: Seen[] = [];
    await lookInside(folder, path, manifest, async (seen) => {
      if (seen.written) found.push(seen.path);
      else if (seen.stats.isDirectory() && seen.below !== undefined) inside.push(seen);
    });
    for (const { name, path: inner } of inside) {
      await using child = await folder.openFolder(name);
      await search(child, inner);
    }
  };
  await using top = await Folder.open(snapshot);
  await search(top, "");
  return found.sort();
}

async function isAsMade(path: Name, stats: BigIntStats, made: Made): Promise<boolean> {
  if (made.kind !== "file") {
    // What could not be copied is a link.
    return kindOf(stats) === (made.kind === "other" ? "link" : made.kind);
  }
  const { seal, size } = made;
  if (!stats.isFile() || Number(stats.size) !== size) return false;
  if (seal !== undefined) {
    if (stats.ctimeNs === seal.ctimeNs) return true;
    return withFile(path, (fd, opened) => isSealed(fd, opened, { size, seal })).catch(() => false);
  }
  const apartNs = stats.mtimeNs - made.mtimeNs;
  return apartNs <= clockErrorNs && apartNs >= -clockErrorNs;
}
