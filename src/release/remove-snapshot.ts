import { unlinkSync } from "node:fs";
import { rm, rmdir, unlink } from "node:fs/promises";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { smallBytes } from "./content.js";
import { Folder } from "./folder.js";
import { type Manifest, readManifest } from "./manifest.js";
import { moveAside } from "./move-aside.js";
import { manifestFile, snapshotDirectory } from "./places.js";
import { lookInside, type Seen } from "./written.js";

/**
 * Removes a snapshot, whole or half made. What an app has written into it is moved to `writtenDirectory` first, and
 * is what is returned. Can be repeated after it failed (`snapshot-left`) or was interrupted.
 */
export async function removeSnapshot(
  stateDirectory: string,
  id: number,
): Promise<Result<readonly string[], Failure<"snapshot-left">>> {
  const directory = snapshotDirectory(stateDirectory, id);
  const manifest = manifestFile(stateDirectory, id);
  const written: string[] = [];
  try {
    // Without a manifest it was never whole, and no worker has run in it.
    await remove(directory, await readManifest(manifest), async (seen) => {
      await moveAside(stateDirectory, id, seen);
      written.push(seen.path);
    });
    await rm(`${manifest}.new`, { force: true });
    await rm(manifest, { force: true });
    return succeed(written.sort());
  } catch (error) {
    return fail("snapshot-left", `cannot remove the snapshot ${directory}: ${messageOf(error)}`);
  }
}

/** Removes a directory that may be read-only, with all that is in it; links are not followed. */
export function removeTree(top: string): Promise<void> {
  return remove(top, undefined, async () => {});
}

async function remove(
  top: string,
  manifest: Manifest | undefined,
  keep: (seen: Seen) => Promise<void>,
): Promise<void> {
  const empty = async (folder: Folder, path: string, made: Manifest | undefined): Promise<void> => {
    const inside: Seen[] = [];
    const aside: Seen[] = [];
    await lookInside(folder, path, made, async (seen) => {
      if (seen.written) aside.push(seen);
      else if (seen.stats.isDirectory()) inside.push(seen);
      else if (seen.stats.size <= smallBytes) unlinkSync(folder.at(seen.name));
      else await unlink(folder.at(seen.name));
    });
    for (const seen of aside) await keep(seen);
    for (const { name, path: inner, below } of inside) {
      {
        await using child = await Folder.openToEmpty(folder.at(name));
        await empty(child, inner, below);
      }
      await rmdir(folder.at(name));
    }
  };
  let folder: Folder;
  try {
    folder = await Folder.openToEmpty(top);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  await using whole = folder;
  await empty(whole, "", manifest);
  await rmdir(top);
}
