import { constants } from "node:os";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { closeFd } from "./fd.js";
import { errorName, libc, orThrow } from "./ffi.js";
import { AF_UNIX, packSocketAddress } from "./socket-address.js";
import { bind, listen, openSocket, SOCK_SEQPACKET } from "./socket-calls.js";
import { connectUnix, type PathFailure, removeStaleSocket, withSocketMode } from "./unix-path.js";

const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const backlog = 8;

const accept4 = libc<[fd: number, address: null, length: null, flags: number]>(
  "int accept4(int, void *, void *, int)",
);

export type SeqpacketFailure = PathFailure | Failure<"listen-failed">;

/** A listening SEQPACKET socket at `path`, mode 0600, non-blocking and close-on-exec. A stale socket file is replaced. unix(7). */
export function listenSeqpacket(path: string): Result<number, SeqpacketFailure> {
  const cleared = removeStaleSocket(path);
  if (!cleared.ok) return cleared;
  const fd = orThrow("open a socket", openSocket(AF_UNIX, SOCK_SEQPACKET));
  const address = packSocketAddress({ kind: "unix", path });
  const bound = withSocketMode(0o600, () => bind(fd, address, address.length));
  const result = bound < 0 ? bound : listen(fd, backlog);
  if (result >= 0) return succeed(fd);
  closeFd(fd);
  return fail("listen-failed", `cannot listen on unix:${path}: ${errorName(result)}`);
}

/** The next connection, non-blocking and close-on-exec; undefined when there is none. accept4(2). */
export function acceptSeqpacket(fd: number): number | undefined {
  const result = accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (result === -constants.errno.EAGAIN || result === -constants.errno.ECONNABORTED) return undefined;
  return orThrow(`accept on socket ${fd}`, result);
}

/** A connection to the socket at `path`; undefined when nobody listens there. Throws what else the system says. connect(2). */
export function connectSeqpacket(path: string): number | undefined {
  const fd = orThrow("open a socket", openSocket(AF_UNIX, SOCK_SEQPACKET));
  const result = connectUnix(fd, path);
  if (result >= 0) return fd;
  closeFd(fd);
  if (result === -constants.errno.ECONNREFUSED || result === -constants.errno.ENOENT) return undefined;
  return orThrow(`connect to unix:${path}`, result);
}
