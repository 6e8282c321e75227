import type { Made, Manifest } from "./manifest.js";
import { type EntryKind, scanTree, type Tree } from "./tree.js";

/** utimensat(2) as Node calls it keeps microseconds. */
const clockErrorNs = 2_000n;

/** Whether a file of a snapshot is still as it was made, as far as size and time of its last change tell. */
export function isUnchanged(made: Omit<Made, "signature">, now: Omit<Made, "signature">): boolean {
  const apartNs = now.mtimeNs - made.mtimeNs;
  return (
    now.kind === made.kind && now.size === made.size && apartNs <= clockErrorNs && apartNs >= -clockErrorNs
  );
}

/** What an app has written into its snapshot where it is not meant to: the files it changed, and the topmost of what it created. Sorted. */
export async function findWritten(snapshot: string, manifest: Manifest): Promise<string[]> {
  const own = [...manifest].filter(([, { kind }]) => kind === "writable").map(([path]) => path);
  return compare(await scanTree(snapshot, new Set(own)), manifest);
}

function compare(tree: Tree, manifest: Manifest): string[] {
  const written: string[] = [];
  const created = new Set<string>();
  for (const { path, kind, size, mtimeNs } of tree.values()) {
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    // Python makes it again.
    if (created.has(parent) || /(^|\/)__pycache__$/.test(path)) {
      created.add(path);
      continue;
    }
    const made = manifest.get(path);
    if (made === undefined) {
      created.add(path);
      written.push(path);
    } else if (
      made.kind === "file" ? !isUnchanged(made, { kind, size, mtimeNs }) : kind !== kindInCopy(made)
    ) {
      written.push(path);
    }
  }
  return written.sort();
}

/** What could not be copied is a link. */
function kindInCopy({ kind }: Made): EntryKind {
  return kind === "other" ? "link" : kind;
}
