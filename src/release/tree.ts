import type { BigIntStats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, HoldfastError } from "../lib/failure.js";
import { inParallel } from "../lib/in-parallel.js";

/**
 * `other`: a socket, a FIFO, a device, or a directory that this process may not read. It cannot be copied. `writable`: what the app may
 * write in its copy, of which nothing more is known.
 */
export type EntryKind = "directory" | "file" | "link" | "other" | "writable";

export interface Entry {
  /** Relative to the top, which is "". */
  readonly path: string;
  readonly kind: EntryKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** As it is written, of a link; else empty. */
  readonly target: string;
  /**
   * Changes with every change of the entry, in place or by another one under its name: inode, ctime (which nobody can
   * set), and for safety mtime, size and mode. Of a directory the mode: what is in it speaks for itself.
   */
  readonly signature: string;
}

/** By path, parents before what is in them. */
export type Tree = ReadonlyMap<string, Entry>;

/** How many files at a time: all of Node's four threads are busy, and other work gets its turn. */
export const lanes = 8;

/**
 * All that is in a directory, which itself must be one; links are not followed. What `omit` names is left out with
 * all that is in it. Rejects when something vanishes meanwhile (ENOENT), and with `signal`.
 */
export async function scanTree(
  top: string,
  omit: ReadonlySet<string> = new Set(),
  signal?: AbortSignal,
): Promise<Map<string, Entry>> {
  const tree = new Map<string, Entry>();
  let level = [await examine(top, "")];
  while (level.length > 0) {
    const below: Entry[] = [];
    await inParallel(level, lanes, async (directory) => {
      signal?.throwIfAborted();
      const inside = await list(top, directory.path, omit);
      tree.set(directory.path, inside === undefined ? { ...directory, kind: "other" } : directory);
      for (const entry of inside ?? []) {
        if (entry.kind === "directory") below.push(entry);
        else tree.set(entry.path, entry);
      }
    });
    level = below;
  }
  return tree;
}

/** Undefined when this process may not read it, and so no app of its user either. */
async function list(top: string, path: string, omit: ReadonlySet<string>): Promise<Entry[] | undefined> {
  try {
    const entries: Entry[] = [];
    for (const name of await readdir(join(top, path))) {
      const child = path === "" ? name : `${path}/${name}`;
      // Node cannot name such a file, and would not find it again.
      if (name.includes("\ufffd")) {
        throw new HoldfastError("name-invalid", `the name ${JSON.stringify(child)} is not UTF-8; rename it`);
      }
      if (!omit.has(child)) entries.push(await examine(top, child));
    }
    return entries;
  } catch (error) {
    if (path !== "" && errorCode(error) === "EACCES") return undefined;
    throw error;
  }
}

async function examine(top: string, path: string): Promise<Entry> {
  const file = join(top, path);
  const stats = await lstat(file, { bigint: true });
  const { mode, uid, gid, size, mtimeNs, ctimeNs, ino } = stats;
  const kind = kindOf(stats);
  return {
    path,
    kind,
    mode: Number(mode),
    uid: Number(uid),
    gid: Number(gid),
    size: Number(size),
    mtimeNs,
    ctimeNs,
    target: kind === "link" ? await readlink(file) : "",
    signature: (kind === "directory" ? [mode] : [ino, ctimeNs, mtimeNs, size, mode])
      .map((field) => field.toString(36))
      .join("."),
  };
}

function kindOf(stats: BigIntStats): EntryKind {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  return stats.isSymbolicLink() ? "link" : "other";
}
