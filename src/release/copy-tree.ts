import { constants, copyFileSync, fchmodSync, fchownSync, fstatSync, futimesSync } from "node:fs";
import { chmod, chown, copyFile, lchown, link, lutimes, mkdir, symlink, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { errorCode, HoldfastError } from "../lib/failure.js";
import { inParallel } from "../lib/in-parallel.js";
import { digestOf, isSealed, type Seal, smallBytes, withFile } from "./content.js";
import type { Folder } from "./folder.js";
import { findTargetInCopy, isInside } from "./link-target.js";
import type { Copied, Copy, Made, Manifest } from "./manifest.js";
import { type Entry, lanes, parentOf, signatureOf, type Tree } from "./tree.js";

const asNew = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;

/** An earlier snapshot, of whose files those are linked that have not changed since. */
export interface Base {
  readonly directory: string;
  readonly manifest: Manifest;
}

export interface CopyOptions {
  /** Where the release is, for the links that lead to it. */
  readonly from: string;
  /** The same, held open. */
  readonly source: Folder;
  /** In a directory into which nobody else can write. */
  readonly to: string;
  /** Of `source`. */
  readonly tree: Tree;
  readonly base: Base | undefined;
  /** Paths in the copy that are links to the same in `from`. */
  readonly shared: readonly string[];
  /** Paths in the copy that are the app's to write: copied as they are, and never links to another copy. */
  readonly writable: readonly string[];
  /** Whether to keep groups, and the owners of what they alone may read, which only root may. */
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
export async function copyTree(options: CopyOptions): Promise<Copy> {
  const { from, to, tree, shared, writable, signal } = options;
  const made = new Map<string, Copied>(tree);
  const entries = [...tree.values()];
  const missing = missingAbove([...shared, ...writable.map((path) => `${path}/.`)], tree);
  const directories = [...entries.filter(({ kind }) => kind === "directory"), ...missing];
  for (const directory of directories) made.set(directory.path, directory);
  for (const { path } of directories) await mkdir(join(to, path), { mode: 0o700 });
  const inside = byParent(entries);
  const copyInside = async (folder: Folder, top: string): Promise<void> => {
    const below = inside.get(top) ?? [];
    await inParallel(below, lanes, async (entry) => {
      signal.throwIfAborted();
      if (entry.kind === "directory") return;
      if (entry.kind === "link") return copyLink(options, entry);
      const seal = entry.kind === "file" ? await copyOrLink(options, folder, entry) : undefined;
      if (seal === undefined) await symlink(join(from, entry.path), join(to, entry.path));
      made.set(entry.path, seal === undefined ? { ...entry, kind: "other" } : { ...entry, seal });
    });
    for (const { kind, path } of below) {
      if (kind !== "directory") continue;
      await using child = await folder.openFolder(basename(path));
      await copyInside(child, path);
    }
  };
  await copyInside(options.source, "");
  for (const path of shared) {
    await symlink(join(from, path), join(to, path));
    made.set(path, sharedEntry(path));
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

function byParent(entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const inside = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (entry.path === "") continue;
    const parent = parentOf(entry.path);
    const siblings = inside.get(parent);
    if (siblings === undefined) inside.set(parent, [entry]);
    else siblings.push(entry);
  }
  return inside;
}

/** Undefined: this process may not read it, and so no app of its user could. */
async function copyOrLink(options: CopyOptions, folder: Folder, entry: Entry): Promise<Seal | undefined> {
  const { to, base } = options;
  const file = join(to, entry.path);
  const known = base?.manifest.get(entry.path);
  const own = isWritable(options, entry.path);
  if (base !== undefined && !own && known?.signature === entry.signature) {
    const seal = await linkUnchanged(join(base.directory, entry.path), file, known, entry);
    if (seal !== undefined) return seal;
  }
  try {
    return await withFile(folder.at(basename(entry.path)), async (fd, stats) => {
      // It is another file than the one that was looked at, should somebody exchange files or directories meanwhile.
      if (signatureOf(stats) !== entry.signature) {
        throw new HoldfastError("ESTALE", `${entry.path} was changed meanwhile`);
      }
      const opened = `/proc/self/fd/${fd}`;
      if (entry.size <= smallBytes) copyFileSync(opened, file, asNew);
      else await copyFile(opened, file, asNew);
      return finishFile(options, file, entry);
    });
  } catch (error) {
    if (errorCode(error) === "EACCES") return undefined;
    throw error;
  }
}

function finishFile(options: CopyOptions, file: string, entry: Entry): Promise<Seal> {
  return withFile(file, async (fd) => {
    const { gid, size, mtimeNs } = entry;
    const digest = await digestOf(fd, size);
    const rights = rightsIn(options, entry);
    if (options.asRoot) fchownSync(fd, rights.uid, gid);
    fchmodSync(fd, rights.mode);
    const seconds = toSeconds(mtimeNs);
    futimesSync(fd, seconds, seconds);
    return { ctimeNs: fstatSync(fd, { bigint: true }).ctimeNs, digest };
  });
}

/** Only what is in the base as it was put there; where the file system cannot link, it is copied. */
async function linkUnchanged(from: string, to: string, made: Made, entry: Entry): Promise<Seal | undefined> {
  const { size, seal } = made;
  if (seal === undefined) return undefined;
  try {
    return await withFile(from, async (fd, stats) => {
      const isAsMade = (Number(stats.mode) & 0o7777) === readOnly(entry.mode);
      if (!isAsMade || !(await isSealed(fd, stats, { size, seal }))) return undefined;
      await link(from, to);
      return { ctimeNs: fstatSync(fd, { bigint: true }).ctimeNs, digest: seal.digest };
    });
  } catch {
    return undefined;
  }
}

async function copyLink(
  { from, to, asRoot }: CopyOptions,
  { path, target, uid, gid, mtimeNs }: Entry,
): Promise<void> {
  const file = join(to, path);
  await symlink(await findTargetInCopy(from, { path, target }), file);
  if (asRoot) await lchown(file, uid, gid);
  const seconds = toSeconds(mtimeNs);
  await lutimes(file, seconds, seconds);
}

async function finishDirectory(options: CopyOptions, entry: Entry): Promise<void> {
  const { to, asRoot, top } = options;
  const { path, gid, mtimeNs } = entry;
  const directory = join(to, path);
  const rights = rightsIn(options, path === "" ? { ...entry, mode: top.mode } : entry);
  if (asRoot) await chown(directory, rights.uid, path === "" ? top.gid : gid);
  await chmod(directory, rights.mode);
  const seconds = toSeconds(mtimeNs);
  await utimes(directory, seconds, seconds);
}

/**
 * Mode in the copy, and owner where root copies: what all may read alike is root's, so that nobody changes the snapshot. Who alone may read
 * something keeps it, for he could not read it otherwise.
 */
function rightsIn(
  options: CopyOptions,
  { path, mode, uid }: Entry,
): { readonly mode: number; readonly uid: number } {
  if (isWritable(options, path)) return { mode: writableMode(mode), uid };
  const copied = readOnly(mode);
  const rest = copied & 0o007;
  return { mode: copied, uid: copied === ((rest << 6) | (rest << 3) | rest) ? 0 : uid };
}

/** Run bits stay, write and set-id bits go. Who copies may read it, whoever owned the original. */
export function readOnly(mode: number): number {
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

/** Of a link to the original. */
export function sharedEntry(path: string): Entry {
  return { ...blank, path, kind: "link" };
}

/** The directories above what is named, should the release not have them: whoever the release belongs to has these, too. */
export function missingAbove(paths: readonly string[], tree: Tree): Entry[] {
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
