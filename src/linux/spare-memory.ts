import { libc } from "./ffi.js";

/** Of malloc.h. */
const M_ARENA_MAX = -8;

const mallopt = libc<[number, number]>("int mallopt(int, int)");
const mallocTrim = libc<[number]>("int malloc_trim(size_t)");

/** Threads that allocate share what one has freed, instead of keeping it each for itself. Only glibc does either; another libc has no such function. */
export function shareFreedMemory(): void {
  whereKnown(() => mallopt(M_ARENA_MAX, 1));
}

/** What this process has freed, and C keeps for later, is the kernel's again. */
export function returnFreedMemory(): void {
  whereKnown(() => mallocTrim(0));
}

function whereKnown(call: () => void): void {
  try {
    call();
  } catch {
    // It saves memory and nothing depends on it.
  }
}
