import { libc, orThrow } from "./ffi.js";

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
export const EPOLLIN = 0x1;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;

const create = libc<[flags: number]>("int epoll_create1(int)");
const control = libc<[epollFd: number, operation: number, fd: number, event: Buffer | null]>(
  "int epoll_ctl(int, int, int, void *)",
);
const wait = libc<[epollFd: number, events: Buffer, count: number, timeoutMs: number]>(
  "int epoll_wait(int, void *, int, int)",
);

// struct epoll_event is packed on x86-64 and nowhere else.
const eventBytes = process.arch === "x64" ? 12 : 16;
const dataOffset = eventBytes - 8;
/** Read by the kernel before the call returns. */
const added = Buffer.alloc(eventBytes);

/** What the kernel has to say of one fd. */
export interface EpollEvent {
  readonly fd: number;
  readonly events: number;
}

/** A close-on-exec epoll instance. epoll_create(2). */
export function createEpoll(): number {
  return orThrow("create an epoll instance", create(EPOLL_CLOEXEC));
}

/** 0 or minus errno. Hang-up and error are told whatever `events` are. epoll_ctl(2). */
export function addToEpoll(epollFd: number, fd: number, events: number): number {
  added.writeUInt32LE(events, 0);
  added.writeInt32LE(fd, dataOffset);
  return control(epollFd, EPOLL_CTL_ADD, fd, added);
}

/** Before the fd is closed or passed on: the kernel goes by the open file, which may live on elsewhere. 0 or minus errno. */
export function removeFromEpoll(epollFd: number, fd: number): number {
  return control(epollFd, EPOLL_CTL_DEL, fd, null);
}

/** Room for what `readEpoll` gives at most. */
export function allocateEvents(count: number): Buffer {
  return Buffer.alloc(count * eventBytes);
}

/** What is to be told now, without waiting. epoll_wait(2). */
export function readEpoll(epollFd: number, room: Buffer): EpollEvent[] {
  const count = orThrow("wait for events", wait(epollFd, room, room.length / eventBytes, 0));
  return Array.from({ length: count }, (_, index) => ({
    fd: room.readInt32LE(index * eventBytes + dataOffset),
    events: room.readUInt32LE(index * eventBytes),
  }));
}
