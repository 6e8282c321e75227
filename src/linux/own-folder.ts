import { lstatSync, mkdirSync } from "node:fs";
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
