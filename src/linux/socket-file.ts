import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

/** open(2): an fd that only names the file, whatever the file is. Node's constants lack it. */
const O_PATH = 0o10000000;

export type SocketFileFailure = Failure<"socket-file-lost" | "mode-refused">;

/**
 * Device and inode of the file at a unix socket's path, undefined when there is none (an abstract name has none). They mean no other file as long
 * as the socket that made it is open, for the kernel keeps the inode that long, even when the path is gone. unix(7).
 */
export function identifySocketFile(path: string): string | undefined {
  if (path.startsWith("@")) return undefined;
  try {
    return identityOf(lstatSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

/**
 * Sets the permission bits of the socket's file. Fails, changing nothing, with `socket-file-lost` when the file at the
 * path is another one or none, and with `mode-refused` when the mode may not be changed. chmod(2).
 */
export function setSocketMode(path: string, identity: string, mode: number): Result<void, SocketFileFailure> {
  return withSocketFile(path, identity, () => mode);
}

/** Fails where `setSocketMode` would; the mode stays as it is. */
export function rehearseSocketMode(path: string, identity: string): Result<void, SocketFileFailure> {
  return withSocketFile(path, identity, (mode) => mode);
}

/** Removes the file at the path, but never another one than the socket's. */
export function removeSocketFile(path: string, identity: string): void {
  if (identifySocketFile(path) !== identity) return;
  try {
    unlinkSync(path);
  } catch {
    // Somebody was quicker, or the directory became read-only: the next socket there clears the way itself.
  }
}

/** The file is held by an fd meanwhile: a link put in its place cannot lead the change to another file. */
function withSocketFile(
  path: string,
  identity: string,
  choose: (mode: number) => number,
): Result<void, SocketFileFailure> {
  let fd: number;
  try {
    fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    return fail("socket-file-lost", `cannot find the file of unix:${path}: ${messageOf(error)}`);
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (identityOf(stat) !== identity) {
      return fail("socket-file-lost", `cannot find the file of unix:${path}: another one is in its place`);
    }
    chmodSync(`/proc/self/fd/${fd}`, choose(Number(stat.mode) & 0o7777));
    return succeed(undefined);
  } catch (error) {
    // The message would name the fd's path.
    return fail(
      "mode-refused",
      `cannot set the mode of unix:${path}: ${errorCode(error) ?? messageOf(error)}`,
    );
  } finally {
    closeSync(fd);
  }
}

function identityOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

/** True where the folder is there, and the file is not. An abstract name has no file. */
export function isFileGone(path: string): boolean {
  if (path.startsWith("@") || !existsSync(dirname(path))) return false;
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
