import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

const writableByOthers = 0o022;

/**
 * Makes a folder, mode 0700, where anybody can make folders, as in /tmp. Fails with `folder-taken` when what is there may be somebody
 * else's, and leaves it.
 */
export function makeOwnFolder(path: string): Result<void, Failure<"folder-taken">> {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST")
      return fail("folder-taken", `cannot make ${path}: ${messageOf(error)}`);
  }
  if (isOwnFolder(path)) return succeed(undefined);
  const { uid } = lstatSync(path);
  const why = `it was made by user ${uid}, is a link, or may be written to by others`;
  return fail(
    "folder-taken",
    `cannot use ${path}: ${why}; remove it, or choose another with XDG_RUNTIME_DIR or XDG_STATE_HOME`,
  );
}

/** Whether it is a folder, and no link to one, in which nobody but root and this process's user can make anything. */
export function isOwnFolder(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return false;
  return (stat.uid === 0 || stat.uid === process.geteuid?.()) && (stat.mode & writableByOthers) === 0;
}

/**
 * Makes a folder, should it not be there, with those above it, for nobody else to look into. Where this process is root, whose children may
 * become other users, they all can be gone through by those who know a name in it. Throws what the system says.
 */
export function makePassable(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.geteuid?.() !== 0) return;
  for (let path = folder; ; path = dirname(path)) {
    const { mode } = lstatSync(path);
    if ((mode & 0o111) !== 0o111) chmodSync(path, (mode & 0o7777) | 0o111);
    if (first === undefined || path === first || path === dirname(path)) return;
  }
}
