import { libc, orThrow } from "./ffi.js";

const POLLIN = 1;
const POLLHUP = 16;

const poll = libc<[entries: Buffer, count: number, timeoutMs: number]>(
  "int poll(void *, unsigned long, int)",
);

/** Whether reading (of a listener: accepting) would not wait now; hang-up and error count, too. poll(2). */
export function isReadable(fd: number): boolean {
  return look(fd, POLLIN) !== 0;
}

/** The same within that time, in which the whole process stands still. */
export function waitUntilReadable(fd: number, timeoutMs: number): boolean {
  return look(fd, POLLIN, timeoutMs) !== 0;
}

/** Of a listening socket: whether it was shut down, for all that share it. Of a connection: whether both directions have ended. */
export function hasHungUp(fd: number): boolean {
  return (look(fd, 0) & POLLHUP) !== 0;
}

function look(fd: number, events: number, timeoutMs = 0): number {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(events, 4);
  orThrow(`poll fd ${fd}`, poll(entry, 1, timeoutMs));
  return entry.readInt16LE(6);
}
