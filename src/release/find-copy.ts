import { join } from "node:path";
import { isSealed, withFile } from "./content.js";
import { type Base, type CopyOptions, missingAbove, readOnly, sharedEntry } from "./copy-tree.js";
import { Folder } from "./folder.js";
import { findTargetInCopy } from "./link-target.js";
import type { Copy, Made } from "./manifest.js";
import { type Entry, scanTree } from "./tree.js";

type Wanted = Pick<CopyOptions, "from" | "tree" | "shared" | "top">;

/**
 * What a copy would be made as, where an earlier snapshot is just that: made of the same release, in which nothing has changed since, and itself
 * as it was made, with nothing beside it. Else undefined. `from` and `shared` must be those that it was made with, and nothing in either may be
 * the app's to write.
 */
export async function findCopy(base: Base, wanted: Wanted): Promise<Copy | undefined> {
  const { manifest, directory } = base;
  const { tree, shared } = wanted;
  const entries = [...tree.values(), ...missingAbove(shared, tree), ...shared.map(sharedEntry)];
  const copy = new Map(entries.map((entry) => [entry.path, entry]));
  if (manifest.size !== copy.size) return undefined;
  if (!entries.every((entry) => isMadeOf(manifest.get(entry.path), entry))) return undefined;
  try {
    await using top = await Folder.open(directory);
    const found = await scanTree(top);
    if (found.size !== copy.size) return undefined;
    for (const entry of entries) {
      const [made, there] = [manifest.get(entry.path), found.get(entry.path)];
      if (made === undefined || there === undefined) return undefined;
      if (!(await isAsMade(there, made, entry, { ...wanted, directory }))) return undefined;
    }
    return copy;
  } catch {
    // It is as if it were not there.
    return undefined;
  }
}

/** What could not be copied is a link to the original, which is looked at each time. */
function isMadeOf(made: Made | undefined, { kind, signature }: Entry): boolean {
  return made?.kind === kind && kind !== "other" && made.signature === signature;
}

async function isAsMade(
  there: Entry,
  made: Made,
  entry: Entry,
  wanted: Wanted & Pick<Base, "directory">,
): Promise<boolean> {
  if (there.kind !== entry.kind) return false;
  const { from, shared, top } = wanted;
  const { path, target } = entry;
  switch (entry.kind) {
    case "file": {
      const { size, seal } = made;
      if (seal === undefined || (there.mode & 0o7777) !== readOnly(entry.mode)) return false;
      if (there.size === size && there.ctimeNs === seal.ctimeNs) return true;
      // A link to it may have come or gone.
      return withFile(join(wanted.directory, path), (fd, stats) => isSealed(fd, stats, { size, seal }));
    }
    case "directory":
      return (there.mode & 0o7777) === readOnly(path === "" ? top.mode : entry.mode);
    case "link": {
      if (shared.includes(path)) return there.target === join(from, path);
      return there.target === (await findTargetInCopy(from, { path, target }));
    }
    default:
      return false;
  }
}
