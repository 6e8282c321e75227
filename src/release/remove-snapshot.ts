import { chmod, mkdir, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { inParallel } from "../lib/in-parallel.js";
import { readManifest } from "./manifest.js";
import { manifestFile, snapshotDirectory, writtenDirectory } from "./places.js";
import { lanes } from "./tree.js";
import { findWritten } from "./written.js";

/**
 * Removes a snapshot, whole or half made. What an app has written into it is moved to `writtenDirectory` first, and
 * is what is returned. Can be repeated after it failed (`snapshot-left`) or was interrupted.
 */
export async function removeSnapshot(stateDirectory: string, id: number): Promise<Result<readonly string[]>> {
  const directory = snapshotDirectory(stateDirectory, id);
  const manifest = manifestFile(stateDirectory, id);
  try {
    const made = await readManifest(manifest);
    // Without a manifest it was never whole, and no worker has run in it.
    const written = made === undefined ? [] : await ifThere(findWritten(directory, made), []);
    const aside = writtenDirectory(stateDirectory, id);
    for (const path of written) await moveAside(join(directory, path), join(aside, path));
    await removeTree(directory);
    await rm(`${manifest}.new`, { force: true });
    await rm(manifest, { force: true });
    return succeed(written);
  } catch (error) {
    return fail("snapshot-left", `cannot remove the snapshot ${directory}: ${messageOf(error)}`);
  }
}

async function moveAside(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  // A directory is moved only by who may write into it, and out of one that he may write into.
  await chmod(dirname(from), 0o700);
  await rename(from, to);
}

/** Removes a directory that may be read-only, with all that is in it; links are not followed. */
export async function removeTree(top: string): Promise<void> {
  const directories: string[] = [];
  let level = [top];
  while (level.length > 0) {
    const below: string[] = [];
    await inParallel(level, lanes, async (directory) => {
      const inside = await ifThere(openToRead(directory), undefined);
      if (inside === undefined) return;
      directories.push(directory);
      for (const entry of inside) {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) below.push(path);
        else await unlink(path);
      }
    });
    level = below;
  }
  for (const directory of directories.reverse()) await rmdir(directory);
}

async function openToRead(directory: string) {
  await chmod(directory, 0o700);
  return readdir(directory, { withFileTypes: true });
}

async function ifThere<T, U>(work: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return otherwise;
    throw error;
  }
}
