import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, realpath, rm, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { findProgram } from "../linux/find-program.js";
import { type Base, copyTree } from "./copy-tree.js";
import { Folder } from "./folder.js";
import { isInside } from "./link-target.js";
import { type Copy, readManifest, writeManifest } from "./manifest.js";
import { manifestFile, releasesDirectory, snapshotDirectory } from "./places.js";
import { readCommit } from "./read-commit.js";
import { readVersion } from "./read-version.js";
import { removeTree } from "./remove-snapshot.js";
import { omittedFor, resolveInside } from "./resolve-inside.js";
import { scanTree, type Tree } from "./tree.js";

export type SnapshotFailure = Failure<
  "release-invalid" | "snapshot-changing" | "snapshot-dropped" | "snapshot-no-space" | "snapshot-failed"
>;

export interface SnapshotOptions {
  readonly stateDirectory: string;
  readonly id: number;
  /** Absolute, symlinks resolved. */
  readonly release: string;
  /** Relative paths in it that the snapshot has as links to the original. */
  readonly shared: readonly string[];
  /** Relative paths in it that are the snapshot's own to write. */
  readonly writable: readonly string[];
  /** An earlier snapshot, whose files may be used again. */
  readonly base: number | undefined;
  readonly signal: AbortSignal;
  /** Of this process and its workers. */
  readonly uid: number;
}

export interface SnapshotFacts {
  /** The same for two snapshots of a release that nobody has touched in between. */
  readonly fingerprint: string;
  readonly version: string | null;
  /** That is checked out in the release; null where it is no checkout of git's. */
  readonly commit: string | null;
  /** Paths that are links to the original because they cannot be copied: sockets, FIFOs, devices, what may not be read. */
  readonly uncopied: readonly string[];
}

/** How often a release that changes meanwhile is copied before that is given up. */
const maxTries = 3;
/** Longer than the tick by which the kernel stamps files: what changes later than that has another time. */
const tickMs = 20;

/**
 * Makes a read-only copy of a release as it was at one moment, on disk when this returns. Metadata of the whole tree is taken before and
 * after the copy; if anything differs, it is copied again. What was half made before is removed. Fails with `snapshot-changing`, `snapshot-no-space`, `snapshot-failed`, `snapshot-dropped` (by `signal`) or
 * `release-invalid`, with nothing left behind.
 */
export async function makeSnapshot(
  options: SnapshotOptions,
): Promise<Result<SnapshotFacts, SnapshotFailure>> {
  const { stateDirectory, id, release, signal } = options;
  const directory = snapshotDirectory(stateDirectory, id);
  try {
    const releases = releasesDirectory(stateDirectory);
    await mkdir(releases, { recursive: true, mode: 0o700 });
    // An app that root starts may run as somebody else; what each snapshot shows to whom is a matter of its top.
    if (options.uid === 0) await chmod(releases, 0o711);
    if (isInside(release, await realpath(releases))) return containsState(release, releases);
    const tree = await copyUnchanging(options, directory);
    if (tree === undefined) return changing(release);
    await writeManifest(manifestFile(stateDirectory, id), tree);
    await flush(directory, signal);
    const uncopied = [...tree.values()].filter(({ kind }) => kind === "other").map(({ path }) => path);
    return succeed({
      fingerprint: fingerprintOf(tree),
      version: readVersion(directory, release),
      commit: readCommit(directory, release),
      uncopied,
    });
  } catch (error) {
    await removeTree(directory).catch(() => {});
    await rm(`${manifestFile(stateDirectory, id)}.new`, { force: true }).catch(() => {});
    return { ok: false, failure: explain(release, directory, error, signal) };
  }
}

/** Undefined: the release was another one after each copy than before it. */
async function copyUnchanging(options: SnapshotOptions, to: string): Promise<Copy | undefined> {
  const { release, signal, uid } = options;
  const base = uid === 0 ? undefined : await openBase(options);
  const shared = await resolveInside(release, options.shared);
  const omit = omittedFor(shared);
  for (let tries = 0; tries < maxTries; tries++) {
    await rm(manifestFile(options.stateDirectory, options.id), { force: true });
    await removeTree(to);
    try {
      await using source = await Folder.open(release);
      const tree = await scanAtRest(source, omit, signal);
      const asRoot = uid === 0;
      const top = asRoot ? await topRights(source) : { mode: 0o700, gid: 0 };
      const inside = await resolveInside(release, options.writable);
      const writable = inside.filter((path) => canBeWritten(path, tree));
      const made = await copyTree({
        from: release,
        source,
        to,
        tree,
        base,
        shared,
        writable,
        asRoot,
        top,
        signal,
      });
      await using after = await Folder.open(release);
      if (isSame(tree, await scanTree(after, omit, signal))) return made;
    } catch (error) {
      if (!vanished.has(errorCode(error) ?? "") || signal.aborted) throw error;
      // Without the release itself there is nothing to wait for.
      await readdir(release);
    }
  }
  await removeTree(to);
  return undefined;
}

/** What a change between looking at a file and copying it looks like. */
const vanished: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ESTALE", "EINVAL"]);

/** Looks until the last change is a tick ago: one within the same tick could not be told from no change. */
async function scanAtRest(release: Folder, omit: ReadonlySet<string>, signal: AbortSignal): Promise<Tree> {
  for (let looks = 1; ; looks++) {
    const beganMs = Date.now();
    const tree = await scanTree(release, omit, signal);
    let newestNs = 0n;
    for (const { kind, ctimeNs } of tree.values()) {
      if (kind !== "directory" && ctimeNs > newestNs) newestNs = ctimeNs;
    }
    if (beganMs - Number(newestNs / 1_000_000n) > tickMs || looks === maxTries) return tree;
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
}

function isSame(before: Tree, after: Tree): boolean {
  if (before.size !== after.size) return false;
  for (const [path, { signature }] of before) if (after.get(path)?.signature !== signature) return false;
  return true;
}

/** Of a link it is for what is behind it to say, wherever it is. */
function canBeWritten(path: string, tree: Tree): boolean {
  const kind = tree.get(path)?.kind;
  return kind === undefined || kind === "directory" || kind === "file";
}

async function openBase({ stateDirectory, base }: SnapshotOptions): Promise<Base | undefined> {
  if (base === undefined) return undefined;
  const manifest = await readManifest(manifestFile(stateDirectory, base));
  return manifest === undefined
    ? undefined
    : { directory: snapshotDirectory(stateDirectory, base), manifest };
}

function fingerprintOf(tree: Tree): string {
  const hash = createHash("sha256");
  for (const path of [...tree.keys()].sort()) {
    const entry = tree.get(path);
    hash.update(`${path}\0${entry?.kind}\0${entry?.signature}\0${entry?.target}\0`);
  }
  return hash.digest("hex").slice(0, 32);
}

/** syncfs(2), by way of sync(1): a snapshot that the state file calls whole is so after a power failure, too. */
async function flush(directory: string, signal: AbortSignal): Promise<void> {
  await promisify(execFile)(findProgram("sync"), ["-f", directory], { signal });
}

function containsState(release: string, releases: string): Result<never, SnapshotFailure> {
  return fail(
    "release-invalid",
    `cannot snapshot the release ${release}: the snapshots' own directory, ${releases}, is in it; set release to the directory of the code alone, or snapshot = "off"`,
  );
}

function changing(release: string): Result<never, SnapshotFailure> {
  return fail(
    "snapshot-changing",
    `cannot snapshot the release ${release}: it changed each of ${maxTries} times while it was copied; upgrade when the deploy has ended, or name what changes all the time in \`shared\``,
  );
}

function explain(release: string, directory: string, error: unknown, signal: AbortSignal): SnapshotFailure {
  const what = `cannot snapshot the release ${release} to ${directory}`;
  if (signal.aborted) return { reason: "snapshot-dropped", message: `${what}: nobody waits for it any more` };
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    const why = code === "ENOSPC" ? "no space is left on the device" : "the disk quota is used up";
    const advice = 'free some, keep fewer generations (`keep`), or set snapshot = "off"';
    return { reason: "snapshot-no-space", message: `${what}: ${why}; ${advice}` };
  }
  return { reason: "snapshot-failed", message: `${what}: ${messageOf(error)}` };
}

/**
 * Mode and group for the top of a copy that lies elsewhere: whoever could not get at the original because of a
 * directory above it shall not get at the copy either.
 */
async function topRights(release: Folder): Promise<{ readonly mode: number; readonly gid: number }> {
  let { mode, gid, ino, dev } = await stat(release.at("."));
  for (let above = ".."; ; above += "/..") {
    const outer = await stat(release.at(above));
    if (outer.ino === ino && outer.dev === dev) return { mode, gid };
    ({ ino, dev } = outer);
    if (outer.mode & 0o001) continue;
    // Whom the outer directory lets in as its group has here the rights of others.
    if (outer.gid !== gid) mode = (mode & ~0o070) | ((mode & 0o007) << 3);
    gid = outer.gid;
    mode &= outer.mode & 0o010 ? ~0o007 : ~0o077;
  }
}
