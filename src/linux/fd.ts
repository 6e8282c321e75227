import { closeSync, constants, readdirSync, readFileSync } from "node:fs";
import { libc, libcLater, orThrow } from "./ffi.js";

const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;

const fcntl = libc<[fd: number, command: number, argument: number]>("int fcntl(int, int, int)");

/** A new close-on-exec number, 3 or more, for the same open file; the caller closes it. fcntl(2) F_DUPFD_CLOEXEC. */
export function duplicateFd(fd: number): number {
  return orThrow(`duplicate fd ${fd}`, fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

const dup2 = libc<[fd: number, target: number]>("int dup2(int, int)");

/** Makes `target`, whatever it was, another number for the open file `fd`; children inherit it. dup2(2). */
export function replaceFd(fd: number, target: number): void {
  orThrow(`replace fd ${target} by fd ${fd}`, dup2(fd, target));
}

/** The same; undefined when this process is out of fds. */
export function tryToDuplicateFd(fd: number): number | undefined {
  const copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return copy < 0 ? undefined : copy;
}

const fcntlLater = libcLater<[fd: number, command: number, argument: number]>("int fcntl(int, int, int)");
const leastRoom = 1_024;

/**
 * Makes room in this process's table of fds for so many, or for as many as the limit of open files lets it have, on a thread. The kernel doubles a table that is
 * full, and whoever has needed it stands still for that: some 10 ms each time, in a process with threads. expand_fdtable() of Linux's fs/file.c.
 */
export async function makeRoomForFds(most: number): Promise<void> {
  for (let room = most; room >= leastRoom; room = Math.floor(room / 2)) {
    const copy = await fcntlLater(0, F_DUPFD_CLOEXEC, room - 1);
    if (copy < 0) continue;
    closeFd(copy);
    return;
  }
}

/** Closes a number this process owns. Throws for one that is not open: that is a bug which hits a stranger's fd next. */
export function closeFd(fd: number): void {
  closeSync(fd);
}

/**
 * Starts a child that is passed these open files, and leaves those non-blocking that were. libuv from 1.53 on makes all that it passes blocking,
 * and so for every process that shares it: a worker that is second to a connection, or to a datagram, would stand still until the next one.
 * fcntl(2) F_SETFL.
 */
export function keepNonBlocking<T>(fds: readonly number[], start: () => T): T {
  const nonBlocking = fds.filter((fd) => (fcntl(fd, F_GETFL, 0) & constants.O_NONBLOCK) !== 0);
  try {
    return start();
  } finally {
    for (const fd of nonBlocking) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | constants.O_NONBLOCK);
  }
}

/** Whether a child started later loses the fd (on) or inherits it (off). fcntl(2) FD_CLOEXEC. */
export function setCloseOnExec(fd: number, on: boolean): void {
  orThrow(`set close-on-exec of fd ${fd}`, fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

/**
 * Makes all that this process was started with, but stdin, stdout and stderr, its own: children lose it. Node does so
 * up to the first gap after fd 15 only. proc_pid_fd(5).
 */
export function keepFdsFromChildren(): void {
  for (const fd of readdirSync("/proc/self/fd").map(Number)) {
    // One of them was the listing's own, and is closed by now.
    if (fd > 2) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

/** How many this process may have open (RLIMIT_NOFILE of getrlimit(2)), and how many it has. */
export function countFds(): { readonly limit: number; readonly open: number } {
  const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "ascii")) ?? [];
  // One is the listing's own.
  const open = readdirSync("/proc/self/fd").length - 1;
  return { limit: limit === undefined ? Number.POSITIVE_INFINITY : Number(limit), open };
}

/**
 * Not by fstatSync(): Node's realpathSync() takes what that last saw for the path it looks at, and after a socket
 * require() does not resolve symlinks any more, as in node_modules of pnpm or `npm link`.
 */
export function isOpen(fd: number): boolean {
  return fcntl(fd, F_GETFD, 0) >= 0;
}
