import { libc, orThrow } from "./ffi.js";

// The kernel's generic numbers, as in asm-generic/socket.h and linux/net.h.
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_BINDTODEVICE = 25;

const socket = libc<[domain: number, type: number, protocol: number]>("int socket(int, int, int)");
const getsockname = libc<[fd: number, address: Buffer, length: Buffer]>(
  "int getsockname(int, void *, void *)",
);
const setsockopt = libc<[fd: number, level: number, option: number, value: Buffer, length: number]>(
  "int setsockopt(int, int, int, void *, uint32_t)",
);
const getpeername = libc<[fd: number, address: Buffer, length: Buffer]>(
  "int getpeername(int, void *, void *)",
);
const getsockopt = libc<[fd: number, level: number, option: number, value: Buffer, length: Buffer]>(
  "int getsockopt(int, int, int, void *, void *)",
);

/** bind(2): 0 or minus errno. */
export const bind = libc<[fd: number, address: Buffer, length: number]>("int bind(int, void *, uint32_t)");
/** connect(2): 0 or minus errno. */
export const connect = libc<[fd: number, address: Buffer, length: number]>(
  "int connect(int, void *, uint32_t)",
);
/** listen(2): 0 or minus errno. */
export const listen = libc<[fd: number, backlog: number]>("int listen(int, int)");

const SHUT_WR = 1;
const shutdown = libc<[fd: number, how: number]>("int shutdown(int, int)");

/** The peer reads end-of-file after all that was sent; what it sends still arrives. shutdown(2). */
export function endSending(fd: number): void {
  orThrow(`end sending on socket ${fd}`, shutdown(fd, SHUT_WR));
}

/** A close-on-exec socket of a family and type, non-blocking unless told; or minus errno. socket(2). */
export function openSocket(family: number, type: number, blocking = false, protocol = 0): number {
  const flags = SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK);
  return socket(family, type | flags, protocol);
}

export function setOption(fd: number, option: number, value: Buffer): void {
  orThrow(`set option ${option} of socket ${fd}`, setsockopt(fd, SOL_SOCKET, option, value, value.length));
}

/** The same of another level than the socket's own, where it may fail: 0 or minus errno. */
export function tryOption(fd: number, level: number, option: number, value: Buffer): number {
  return setsockopt(fd, level, option, value, value.length);
}

export function turnOn(fd: number, option: number): void {
  setOption(fd, option, Buffer.from([1, 0, 0, 0]));
}

/** The option's bytes, at most `size`; minus errno as a number when it cannot be read. getsockopt(2). */
export function readOption(fd: number, level: number, option: number, size: number): Buffer | number {
  const value = Buffer.allocUnsafe(size);
  const length = lengthCell(size);
  const result = getsockopt(fd, level, option, value, length);
  return result < 0 ? result : value.subarray(0, length.readUInt32LE(0));
}

/** The socket's own address as the kernel lays it out; minus errno as a number when it has none. getsockname(2). */
export function readOwnAddress(fd: number, size: number): Buffer | number {
  return readAddress(getsockname, fd, size);
}

/** The same of the other end; minus ENOTCONN before a connection stands. getpeername(2). */
export function readPeerAddress(fd: number, size: number): Buffer | number {
  return readAddress(getpeername, fd, size);
}

function readAddress(read: typeof getsockname, fd: number, size: number): Buffer | number {
  const address = Buffer.alloc(size);
  const length = lengthCell(size);
  const result = read(fd, address, length);
  return result < 0 ? result : address.subarray(0, length.readUInt32LE(0));
}

function lengthCell(size: number): Buffer {
  const cell = Buffer.allocUnsafe(4);
  cell.writeUInt32LE(size, 0);
  return cell;
}
