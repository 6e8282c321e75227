import type { BigIntStats } from "node:fs";
import { readlink } from "node:fs/promises";
import { errorCode, HoldfastError } from "../lib/failure.js";
import { inParallel } from "../lib/in-parallel.js";
import type { Folder } from "./folder.js";

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
 * All that is in a directory, links are not followed. What `omit` names is left out with all that is in it. Rejects when something
 * vanishes or becomes something else meanwhile (ENOENT, ENOTDIR, ELOOP), and with `signal`.
 */
export async function scanTree(
  top: Folder,
  omit: ReadonlySet<string> = new Set(),
  signal?: AbortSignal,
): Promise<Map<string, Entry>> {
  const tree = new Map<string, Entry>();
  tree.set("", await examine(top, ".", ""));
  const scan = async (folder: Folder, path: string): Promise<void> => {
    signal?.throwIfAborted();
    const inside = await list(folder, path, omit);
    for (const [, entry] of inside) tree.set(entry.path, entry);
    for (const [name, entry] of inside) {
      if (entry.kind !== "directory") continue;
      try {
        await using child = await folder.openFolder(name);
        await scan(child, entry.path);
      } catch (error) {
        // This process may not read it, and so no app of its user either.
        if (errorCode(error) !== "EACCES") throw error;
        tree.set(entry.path, { ...entry, kind: "other" });
      }
    }
  };
  await scan(top, "");
  return tree;
}

async function list(folder: Folder, path: string, omit: ReadonlySet<string>) {
  const inside: (readonly [name: string, entry: Entry])[] = [];
  await inParallel(await folder.list(), lanes, async (name) => {
    const child = path === "" ? `${name}` : `${path}/${name}`;
    if (typeof name !== "string") {
      throw new HoldfastError("name-invalid", `the name ${JSON.stringify(child)} is not UTF-8; rename it`);
    }
    if (!omit.has(child)) inside.push([name, await examine(folder, name, child)]);
  });
  return inside;
}

async function examine(folder: Folder, name: string, path: string): Promise<Entry> {
  const stats = folder.look(name);
  const { mode, uid, gid, size, mtimeNs, ctimeNs } = stats;
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
    target: kind === "link" ? await readlink(folder.at(name)) : "",
    signature: signatureOf(stats),
  };
}

export function signatureOf(stats: BigIntStats): string {
  const { mode, ino, ctimeNs, mtimeNs, size } = stats;
  return (stats.isDirectory() ? [mode] : [ino, ctimeNs, mtimeNs, size, mode])
    .map((field) => field.toString(36))
    .join(".");
}

export function kindOf(stats: BigIntStats): EntryKind {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  return stats.isSymbolicLink() ? "link" : "other";
}

export function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}
