import { fstatSync, readSync, writeSync } from "node:fs";
import { closeFd } from "./fd.js";
import { libc, orThrow } from "./ffi.js";

const MFD_CLOEXEC = 1;

const memfdCreate = libc<[name: string, flags: number]>("int memfd_create(const char *, unsigned int)");

/** An empty, anonymous, close-on-exec file in memory; lives as long as someone holds an fd of it. memfd_create(2). */
export function createMemfd(name: string): number {
  return orThrow("create a memfd", memfdCreate(name, MFD_CLOEXEC));
}

/** A memfd of these bytes, the caller's to close. */
export function fillMemfd(name: string, bytes: Buffer): number {
  const fd = createMemfd(name);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** All that is in a memfd somebody sent, wherever its offset is; undefined for no file, and for more than the limit. */
export function readMemfd(fd: number, limitBytes: number): Buffer | undefined {
  const stats = fstatSync(fd);
  if (!stats.isFile() || stats.size > limitBytes) return undefined;
  const bytes = Buffer.alloc(stats.size);
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(fd, bytes, at, bytes.length - at, at);
    if (read === 0) return undefined;
    at += read;
  }
  return bytes;
}
