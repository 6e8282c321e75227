import { libc, orThrow } from "./ffi.js";

const MFD_CLOEXEC = 1;

const memfdCreate = libc<[name: string, flags: number]>("int memfd_create(const char *, unsigned int)");

/** An empty, anonymous, close-on-exec file in memory; lives as long as someone holds an fd of it. memfd_create(2). */
export function createMemfd(name: string): number {
  return orThrow("create a memfd", memfdCreate(name, MFD_CLOEXEC));
}
