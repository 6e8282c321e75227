import { lstatSync, unlinkSync } from "node:fs";
import { constants } from "node:os";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { closeFd } from "./fd.js";
import { errorName, orThrow } from "./ffi.js";
import { AF_UNIX, packSocketAddress } from "./socket-address.js";
import { connect, openSocket, SOCK_DGRAM } from "./socket-calls.js";

const { ECONNREFUSED, EPERM, EPROTOTYPE } = constants.errno;

export type PathFailure = Failure<"address-in-use" | "permission-denied">;

/** Connects any AF_UNIX socket to a path or an abstract `@name`. Returns 0 or minus errno. connect(2). */
export function connectUnix(fd: number, path: string): number {
  const address = packSocketAddress({ kind: "unix", path });
  return connect(fd, address, address.length);
}

/**
 * Makes way for a new socket at `path`: a socket file that no process has bound any more is unlinked. Fails, leaving
 * the file, with `address-in-use` when something is bound there, when it is no socket, or when that cannot be told,
 * and with `permission-denied` when the directory does not allow it.
 */
export function removeStaleSocket(path: string): Result<void, PathFailure> {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return succeed(undefined);
    if (!stat.isSocket())
      return refuse(path, "a file that is not a socket is in the way; remove it, or choose another path");
    const result = probe(path);
    if (result === -ECONNREFUSED) {
      unlinkSync(path);
      return succeed(undefined);
    }
    const live = result === 0 || result === -EPROTOTYPE || result === -EPERM;
    return refuse(path, live ? "another process has it" : `it may be in use (${errorName(result)})`);
  } catch (error) {
    return fail("permission-denied", `cannot clear the way for unix:${path}: ${messageOf(error)}`);
  }
}

function refuse(path: string, why: string): Result<never, PathFailure> {
  return fail("address-in-use", `cannot listen on unix:${path}: ${why}`);
}

/**
 * A datagram socket's connect is refused only where nothing is bound: a stream socket answers EPROTOTYPE, listening
 * or not yet, and its server is spared a connection that says nothing.
 */
function probe(path: string): number {
  const fd = orThrow("open a socket", openSocket(AF_UNIX, SOCK_DGRAM));
  try {
    return connectUnix(fd, path);
  } finally {
    closeFd(fd);
  }
}

/** Runs `bind` so that the socket file it creates has exactly `mode` from its first moment. umask(2). */
export function withSocketMode(mode: number, bind: () => number): number {
  const before = process.umask(0o777 & ~mode);
  try {
    return bind();
  } finally {
    process.umask(before);
  }
}
