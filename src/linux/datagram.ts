import { HoldfastError } from "../lib/failure.js";
import { closeFd } from "./fd.js";
import { orThrow } from "./ffi.js";
import { type Message, receiveMessage, sendMessage } from "./message.js";
import { AF_UNIX, packSocketAddress } from "./socket-address.js";
import { bind, openSocket, SOCK_DGRAM, setOption, turnOn } from "./socket-calls.js";
import { connectUnix, removeStaleSocket, withSocketMode } from "./unix-path.js";

const SO_PASSCRED = 16;
const SO_SNDTIMEO = 21;
const sendTimeoutSeconds = 2n;

/**
 * A non-blocking, close-on-exec AF_UNIX datagram socket at `path`, of that mode, that learns each sender's credentials.
 * A stale socket file is replaced. Throws, with the failure's reason as `code`, when something lives there.
 * How many datagrams may wait is net.unix.max_dgram_qlen (SO_RCVBUF has no effect: unix(7)); senders then block.
 */
export function bindDatagram(path: string, mode = 0o600): number {
  const cleared = removeStaleSocket(path);
  if (!cleared.ok) throw new HoldfastError(cleared.failure.reason, cleared.failure.message);
  const fd = orThrow("open a socket", openSocket(AF_UNIX, SOCK_DGRAM));
  try {
    turnOn(fd, SO_PASSCRED);
    const address = packSocketAddress({ kind: "unix", path });
    orThrow(
      `bind unix:${path}`,
      withSocketMode(mode, () => bind(fd, address, address.length)),
    );
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** The next datagram, without waiting; undefined when there is none. Its fds are the caller's to close. */
export function receiveDatagram(fd: number): Message | undefined {
  return receiveMessage(fd);
}

/** The same, but it stays in the queue and is what the next call gives, too; its fds are copies of their own. */
export function peekDatagram(fd: number): Message | undefined {
  return receiveMessage(fd, { peek: true });
}

/**
 * Sends one datagram, with copies of the fds, to the socket at a path or abstract `@name`. Waits up to two seconds where the
 * receiver's queue is full. Returns minus errno when it could not be sent (ENOENT, ECONNREFUSED, EAGAIN, …).
 */
export function sendDatagramWithFds(path: string, bytes: Uint8Array, fds: readonly number[]): number {
  const fd = orThrow("open a socket", openSocket(AF_UNIX, SOCK_DGRAM, true));
  try {
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(sendTimeoutSeconds, 0);
    setOption(fd, SO_SNDTIMEO, timeout);
    const connected = connectUnix(fd, path);
    return connected < 0 ? connected : sendMessage(fd, bytes, fds, { wait: true });
  } finally {
    closeFd(fd);
  }
}
