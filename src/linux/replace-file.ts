import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces a file atomically and durably: temporary file of mode 0600, fsync, rename(2), fsync of the directory. Whoever
 * reads it, after whatever crash, finds the old content or the new. Where several processes may write at a time, each needs a
 * temporary name of its own. Throws what the system says.
 */
export function replaceFile(path: string, content: string | Buffer, temporary = `${path}.new`): void {
  // Left by a write that did not end; made anew, so that its mode and owner are ours.
  rmSync(temporary, { force: true });
  withFile(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, (fd) => {
    writeFileSync(fd, content);
    fsyncSync(fd);
  });
  renameSync(temporary, path);
  withFile(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY, fsyncSync);
}

function withFile(path: string, flags: number, use: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o600);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
