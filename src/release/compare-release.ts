import { readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { inParallel } from "../lib/in-parallel.js";
import { digestOf, withFile } from "./content.js";
import { Folder } from "./folder.js";
import { findTargetInCopy, isInside } from "./link-target.js";
import { type Made, type Manifest, readManifest } from "./manifest.js";
import { manifestFile, snapshotDirectory } from "./places.js";
import { omittedFor, resolveInside } from "./resolve-inside.js";
import { type Entry, lanes, parentOf, scanTree } from "./tree.js";

export interface Compared {
  readonly stateDirectory: string;
  readonly snapshot: number;
  /** Absolute, symlinks resolved. */
  readonly release: string;
  readonly shared: readonly string[];
  readonly writable: readonly string[];
}

/** How many files, links and directories of a release are not as in a snapshot. */
export interface ReleaseDifference {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** The first of them, by name. */
  readonly examples: readonly string[];
}

const mostExamples = 10;

/**
 * Holds a release against a snapshot, by what its processes would see: paths, contents and rights, not times, inodes or owners. A file is read
 * only where it is another one than the snapshot was made of, and no bigger or smaller. Null when the snapshot has no manifest. Rejects when the release changes meanwhile.
 */
export async function compareRelease(options: Compared): Promise<ReleaseDifference | null> {
  const { stateDirectory, snapshot, release } = options;
  const manifest = await readManifest(manifestFile(stateDirectory, snapshot));
  if (manifest === undefined) return null;
  const shared = await resolveInside(release, options.shared);
  const own = [...shared, ...(await resolveInside(release, options.writable))];
  const counts = (path: string): boolean => path !== "" && !own.some((one) => isInside(one, path));
  await using top = await Folder.open(release);
  const tree = await scanTree(top, omittedFor(shared));
  const entries = [...tree.values()].filter(({ path }) => counts(path));
  const added = entries.filter(({ path }) => !manifest.has(path)).map(({ path }) => path);
  const removed = [...manifest].flatMap(([path, made]) => {
    return counts(path) && !tree.has(path) && wasInRelease(made) ? [path] : [];
  });
  const changed = await findChanged(entries, manifest, {
    ...options,
    directory: snapshotDirectory(stateDirectory, snapshot),
  });
  return {
    added: added.length,
    changed: changed.length,
    removed: removed.length,
    examples: [...added, ...changed, ...removed].sort().slice(0, mostExamples),
  };
}

/** A snapshot has directories of its own above what is shared or writable. */
function wasInRelease({ signature }: Made): boolean {
  return signature !== "-";
}

async function findChanged(
  entries: readonly Entry[],
  manifest: Manifest,
  where: Pick<Compared, "release"> & { readonly directory: string },
): Promise<string[]> {
  const changed: string[] = [];
  const doubtful = entries.flatMap((entry) => {
    const made = manifest.get(entry.path);
    return made === undefined || made.signature === entry.signature ? [] : [{ entry, made }];
  });
  await inParallel(doubtful, lanes, async ({ entry, made }) => {
    if (!(await isAlike(entry, made, where))) changed.push(entry.path);
  });
  return changed;
}

async function isAlike(
  entry: Entry,
  made: Made,
  { release, directory }: { readonly release: string; readonly directory: string },
): Promise<boolean> {
  const { kind, path, target } = entry;
  if (kind !== made.kind) return false;
  switch (kind) {
    case "directory":
      return modeOf(made) === entry.mode;
    case "link": {
      const inSnapshot = await readlink(join(directory, path)).catch(() => undefined);
      return inSnapshot === (await findTargetInCopy(release, { path, target }));
    }
    case "file":
      return (
        modeOf(made) === entry.mode && made.size === entry.size && (await hasContent(release, entry, made))
      );
    // Sockets and the like come and go, and a snapshot only has a link to them.
    case "other":
    case "writable":
      return true;
    default:
      return kind satisfies never;
  }
}

/** Of the original: the last part of its signature. */
function modeOf({ signature }: Made): number {
  return Number.parseInt(signature.split(".").at(-1) ?? "", 36);
}

async function hasContent(release: string, { path, size }: Entry, { seal }: Made): Promise<boolean> {
  if (seal === undefined) return false;
  await using folder = await Folder.open(join(release, parentOf(path)));
  return withFile(folder.at(basename(path)), async (fd) => (await digestOf(fd, size)) === seal.digest);
}
