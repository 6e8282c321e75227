import { constants } from "node:fs";
import {
  chmod,
  chown,
  copyFile,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  realpath,
  symlink,
  utimes,
} from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../lib/failure.js";
import { inParallel } from "../lib/in-parallel.js";
import { isInside, linkTargetInCopy } from "./link-target.js";
import type { Manifest } from "./manifest.js";
import { type Entry, lanes, type Tree } from "./tree.js";
import { isUnchanged } from "./written.js";

/** An earlier snapshot, of whose files those are linked that have not changed since. */
export interface Base {
  readonly directory: string;
  readonly manifest: Manifest;
}

export interface CopyOptions {
  readonly from: string;
  readonly to: string;
  /** Of `from`. */
  readonly tree: Tree;
  readonly base: Base | undefined;
  /** Paths in the copy that are links to the same in `from`. */
  readonly shared: readonly string[];
  /** Paths in the copy that are the app's to write: copied as they are, and never links to another copy. */
  readonly writable: readonly string[];
  /** Whether to keep owners, which only root may. */
  readonly asRoot: boolean;
  /** Mode and group of the copy's top, which stands in for the directories above the original. */
  readonly top: { readonly mode: number; readonly gid: number };
  readonly signal: AbortSignal;
}

/**
 * Copies a tree, read-only but for `writable`: `to` must not be there yet. No file is ever linked to the original, for whoever writes to one name in place
 * (`rsync --inplace`, an editor) changes the other: it is reflinked, else copied. Links are made only to an earlier copy, of files that
 * are unchanged there and in the original, and only where neither daemon nor workers are root, who writes to read-only files. Returns what it made: what could not be copied (see
 * `EntryKind`), or read, is a link to the original. Rejects with the system's error, half done.
 */
export async function copyTree(options: CopyOptions): Promise<Tree> {
  const { from, to, tree, shared, writable, signal } = options;
  const made = new Map(tree);
  const entries = [...tree.values()];
  const missing = missingAbove([...shared, ...writable.map((path) => `${path}/.`)], tree);
  const directories = [...entries.filter(({ kind }) => kind === "directory"), ...missing];
  for (const directory of directories) made.set(directory.path, directory);
  for (const { path } of directories) await mkdir(join(to, path), { mode: 0o700 });
  await inParallel(
    entries.filter(({ kind }) => kind !== "directory"),
    lanes,
    async (entry) => {
      signal.throwIfAborted();
      if (entry.kind === "link") await copyLink(options, entry);
      else if (entry.kind === "other" || !(await copyOrLink(options, entry))) {
        await symlink(join(from, entry.path), join(to, entry.path));
        made.set(entry.path, { ...entry, kind: "other" });
      }
    },
  );
  for (const path of shared) {
    await symlink(join(from, path), join(to, path));
    made.set(path, { ...blank, path, kind: "link" });
  }
  // Last, and from the bottom up: what is put into a directory changes its time, and needs it to be writable.
  await inParallel(directories.toReversed(), lanes, (entry) => finishDirectory(options, entry));
  for (const path of made.keys()) if (isWritable(options, path)) made.delete(path);
  for (const path of writable) made.set(path, { ...blank, path, kind: "writable" });
  return made;
}

function isWritable({ writable }: CopyOptions, path: string): boolean {
  return writable.some((own) => isInside(own, path));
}

/** False: this process may not read it, and so no app of its user could. */
async function copyOrLink(options: CopyOptions, entry: Entry): Promise<boolean> {
  const { from, to, base, asRoot } = options;
  const { path, mode, uid, gid, mtimeNs } = entry;
  const file = join(to, path);
  const known = base?.manifest.get(path);
  const own = isWritable(options, path);
  if (base !== undefined && !own && known?.signature === entry.signature) {
    if (await linkUnchanged(join(base.directory, path), file, entry)) return true;
  }
  try {
    await copyFile(join(from, path), file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    if (errorCode(error) === "EACCES") return false;
    throw error;
  }
  if (asRoot) await chown(file, uid, gid);
  await chmod(file, own ? writableMode(mode) : readOnly(mode));
  const seconds = toSeconds(mtimeNs);
  await utimes(file, seconds, seconds);
  return true;
}

/** Only what is in the base as it was put there; where the file system cannot link, it is copied. */
async function linkUnchanged(from: string, to: string, made: Entry): Promise<boolean> {
  try {
    const stats = await lstat(from, { bigint: true });
    const kind = stats.isFile() ? "file" : "other";
    if (!isUnchanged(made, { kind, size: Number(stats.size), mtimeNs: stats.mtimeNs })) return false;
    await link(from, to);
    return true;
  } catch {
    return false;
  }
}

async function copyLink(
  { from, to, asRoot }: CopyOptions,
  { path, target, uid, gid, mtimeNs }: Entry,
): Promise<void> {
  const real = await realpath(join(from, path)).catch(() => undefined);
  const file = join(to, path);
  await symlink(linkTargetInCopy(from, { path, target, real }), file);
  if (asRoot) await lchown(file, uid, gid);
  const seconds = toSeconds(mtimeNs);
  await lutimes(file, seconds, seconds);
}

async function finishDirectory(options: CopyOptions, entry: Entry): Promise<void> {
  const { to, asRoot, top } = options;
  const { path, mode, uid, gid, mtimeNs } = entry;
  const directory = join(to, path);
  if (asRoot) await chown(directory, uid, path === "" ? top.gid : gid);
  const own = isWritable(options, path);
  await chmod(directory, own ? writableMode(mode) : readOnly(path === "" ? top.mode : mode));
  const seconds = toSeconds(mtimeNs);
  await utimes(directory, seconds, seconds);
}

/** Run bits stay, write and set-id bits go. Who copies may read it, whoever owned the original. */
function readOnly(mode: number): number {
  return (mode & 0o555) | 0o400 | (mode & 0o111 ? 0o100 : 0);
}

/** For its owner at least. */
function writableMode(mode: number): number {
  return readOnly(mode) | (mode & 0o222) | 0o200;
}

/** Node cuts what it is given down to microseconds; the half one keeps a rounding error from costing a whole one. */
function toSeconds(ns: bigint): number {
  return (Number(ns / 1_000n) + 0.5) / 1e6;
}

const blank = { mode: 0o755, uid: 0, gid: 0, size: 0, mtimeNs: 0n, ctimeNs: 0n, target: "", signature: "-" };

/** The directories above what is named, should the release not have them: whoever the release belongs to has these, too. */
function missingAbove(paths: readonly string[], tree: Tree): Entry[] {
  const missing = new Map<string, Entry>();
  const { uid, gid } = tree.get("") ?? blank;
  for (const path of paths) {
    const steps = path.split("/");
    for (let depth = 1; depth < steps.length; depth++) {
      const above = steps.slice(0, depth).join("/");
      if (!tree.has(above)) missing.set(above, { ...blank, uid, gid, path: above, kind: "directory" });
    }
  }
  return [...missing.values()];
}
