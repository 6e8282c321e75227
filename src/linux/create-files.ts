import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

export type CreateFailure = Failure<"file-exists" | "write-failed">;

export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Makes all the files, of mode 0644 whatever the umask, or none: nothing that is there is ever overwritten, each file appears whole, and after a
 * failure what was made before, folders included, is gone again. Fails with `file-exists` or `write-failed`, naming the file.
 */
export function createFiles(files: readonly NewFile[]): Result<void, CreateFailure> {
  const undo: (() => void)[] = [];
  for (const file of files) {
    const created = create(file, undo);
    if (created.ok) continue;
    for (const step of undo.reverse()) step();
    return created;
  }
  return succeed(undefined);
}

function create({ path, text }: NewFile, undo: (() => void)[]): Result<void, CreateFailure> {
  const temporary = `${path}.${process.pid}.new`;
  try {
    undo.push(...makeFolders(dirname(path)));
    const fd = openSync(temporary, "wx", 0o644);
    try {
      fchmodSync(fd, 0o644);
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // link(2), unlike rename(2), fails where there is a file already.
    linkSync(temporary, path);
    undo.push(() => rmSync(path));
    return succeed(undefined);
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST")
      return fail("file-exists", `cannot write ${path}: it exists already; nothing was changed`);
    const hint = code === "EACCES" || code === "EPERM" ? " (root may)" : "";
    return fail("write-failed", `cannot write ${path}: ${messageOf(error)}${hint}; nothing was changed`);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** How to remove what had to be made, in the order in which it was made. */
function makeFolders(folder: string): (() => void)[] {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return [];
  const made = [folder];
  while (made[0] !== undefined && made[0] !== first) made.unshift(dirname(made[0]));
  for (const path of made) chmodSync(path, 0o755);
  return made.map((path) => () => rmdirSync(path));
}
