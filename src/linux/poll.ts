import { libc, orThrow } from "./ffi.js";

const POLLIN = 1;

const poll = libc<[entries: Buffer, count: number, timeoutMs: number]>(
  "int poll(void *, unsigned long, int)",
);

/** Whether reading (of a listener: accepting) would not wait now; hang-up and error count, too. poll(2). */
export function isReadable(fd: number): boolean {
  return waitUntilReadable(fd, 0);
}

/** The same within that time, in which the whole process stands still. */
export function waitUntilReadable(fd: number, timeoutMs: number): boolean {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(POLLIN, 4);
  return orThrow(`poll fd ${fd}`, poll(entry, 1, timeoutMs)) > 0;
}
