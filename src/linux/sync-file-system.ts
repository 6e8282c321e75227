import { closeSync, constants, openSync } from "node:fs";
import { libcLater, orThrow } from "./ffi.js";

const syncfs = libcLater<[fd: number]>("int syncfs(int)");

/** All that was written in the file system of a directory is on disk when this resolves: syncfs(2). Rejects with the system's error. */
export async function syncFileSystem(directory: string): Promise<void> {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    orThrow(`sync the file system of ${directory}`, await syncfs(fd));
  } finally {
    closeSync(fd);
  }
}
