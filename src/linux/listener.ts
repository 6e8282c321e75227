import { constants } from "node:os";
import { type Address, formatAddress } from "../lib/address.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { unitOf } from "./cgroup.js";
import { closeFd } from "./fd.js";
import { errorName, orThrow } from "./ffi.js";
import { hasHungUp } from "./poll.js";
import { findOwner } from "./port-owner.js";
import { familyOf, packSocketAddress } from "./socket-address.js";
import {
  bind,
  listen,
  openSocket,
  SO_BINDTODEVICE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  tryOption,
  turnOn,
} from "./socket-calls.js";
import { type PathFailure, removeStaleSocket, withSocketMode } from "./unix-path.js";

const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const on = Buffer.from([1, 0, 0, 0]);
const { EACCES, EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENODEV, ENOENT, EPERM, EROFS } = constants.errno;

/** What a listener gets that says nothing else; listen(2) takes less where net.core.somaxconn is. */
export const usualBacklog = 4096;

export type ListenFailure = PathFailure | Failure<"address-not-available" | "listen-failed">;

export interface ListenOptions {
  /** Connections that may wait to be accepted. */
  readonly backlog: number;
  /** Permission bits of a unix socket's file; what the umask leaves when not given. */
  readonly mode?: number;
  /** `[::]` leaves IPv4 to another. */
  readonly ipv6Only?: boolean;
}

/**
 * A socket bound to the address and, but for UDP, listening: non-blocking and close-on-exec. `[::]` also takes IPv4,
 * unless told otherwise or the system says so (net.ipv6.bindv6only). A unix socket's file has its mode from the first moment; a
 * stale one is replaced, one in use never. Fails with `address-in-use`, `permission-denied`, `address-not-available`
 * or `listen-failed`.
 */
export function openListener(address: Address, options: ListenOptions): Result<number, ListenFailure> {
  if (isFile(address)) {
    const cleared = removeStaleSocket(address.path);
    if (!cleared.ok) return { ok: false, failure: withOwner(address, cleared.failure) };
  }
  const fd = openSocket(familyOf(address), address.kind === "udp" ? SOCK_DGRAM : SOCK_STREAM);
  if (fd < 0) return { ok: false, failure: explain(address, fd) };
  const result = establish(fd, address, options);
  if (result >= 0) return succeed(fd);
  closeFd(fd);
  return { ok: false, failure: explain(address, result) };
}

/** Sets how many connections may wait, also while others accept; the kernel caps it at net.core.somaxconn. listen(2). */
export function setBacklog(fd: number, backlog: number): void {
  orThrow(`set the backlog of socket ${fd}`, listen(fd, backlog));
}

/**
 * For a stream socket that was shut down: it takes connections again, for all that share it. Fails with `listener-down` where that
 * cannot be, as with unix sockets.
 */
export function listenAgain(
  fd: number,
  address: Address,
  backlog: number,
): Result<void, Failure<"listener-down">> {
  const packed = packSocketAddress(address);
  // A port that the kernel chose is lost with the shutdown; one that was asked for is still bound (EINVAL).
  const bound = address.kind === "tcp" ? bind(fd, packed, packed.length) : -EINVAL;
  const result = bound === 0 || bound === -EINVAL ? listen(fd, backlog) : bound;
  if (result >= 0 && !hasHungUp(fd)) return succeed(undefined);
  return fail(
    "listener-down",
    result < 0 ? errorName(result) : "a unix socket that was shut down stays so, and has to be opened anew",
  );
}

function establish(fd: number, address: Address, { backlog, mode, ipv6Only = false }: ListenOptions): number {
  // On UDP it would let two servers share the port unawares.
  if (address.kind === "tcp") turnOn(fd, SO_REUSEADDR);
  if (ipv6Only) orThrow("leave IPv4 to another", tryOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, on));
  if (address.kind !== "unix" && address.device !== undefined) {
    const result = tryOption(fd, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(address.device));
    if (result < 0) return result;
  }
  const packed = packSocketAddress(address);
  const attempt = () => bind(fd, packed, packed.length);
  const bound = isFile(address) && mode !== undefined ? withSocketMode(mode, attempt) : attempt();
  return bound < 0 || address.kind === "udp" ? bound : listen(fd, backlog);
}

function explain(address: Address, result: number): ListenFailure {
  const problem = (reason: ListenFailure["reason"], why: string): ListenFailure => ({
    reason,
    message: `cannot listen on ${formatAddress(address)}: ${why}`,
  });
  switch (-result) {
    case EADDRINUSE:
      return withOwner(address, problem("address-in-use", "another process has it"));
    case EADDRNOTAVAIL:
      return problem("address-not-available", "no network interface of this machine has that address");
    case EACCES:
      if (address.kind === "unix") return problem("permission-denied", "the directory may not be written");
      return problem(
        "permission-denied",
        `port ${address.port} is privileged; a .socket unit opens it, or the unit gets AmbientCapabilities= and CapabilityBoundingSet=CAP_NET_BIND_SERVICE`,
      );
    case ENODEV:
      return problem("address-not-available", "this machine has no network interface of that name");
    case EPERM:
      return problem("permission-denied", "the service may not bind a socket to a network interface");
    case EINVAL:
      if (address.kind === "unix" || !/^fe[89ab]/i.test(address.host))
        return problem("listen-failed", "EINVAL");
      return problem(
        "listen-failed",
        "a link-local address needs its network interface, as in [fe80::1%eth0]:80",
      );
    case EROFS:
      return problem(
        "permission-denied",
        "the service may not write there; a .socket unit makes it, or the unit gets ReadWritePaths=",
      );
    case ENOENT:
      return problem("listen-failed", "the directory does not exist");
    default:
      return problem("listen-failed", errorName(result));
  }
}

/** Who has the address, as far as this process may see, and what to do. */
function withOwner(address: Address, { reason, message }: ListenFailure): ListenFailure {
  if (reason !== "address-in-use") return { reason, message };
  const owner = findOwner(address);
  const remedy = "stop it, or give the listener another address";
  if (owner === undefined) {
    return { reason, message: `${message}; as root, \`${commandToFind(address)}\` tells who; ${remedy}` };
  }
  const unit = unitOf(owner.pid);
  const of = unit === undefined ? "" : ` of ${unit}`;
  const who = `${owner.name} (pid ${owner.pid}${of}) has it`;
  return { reason, message: `cannot listen on ${formatAddress(address)}: ${who}; ${remedy}` };
}

/** ss(8). */
function commandToFind(address: Address): string {
  if (address.kind === "unix") return `ss -lxp src ${address.path}`;
  return `ss -${address.kind === "tcp" ? "lt" : "lu"}np sport = :${address.port}`;
}

/** Whether listening leaves a file behind: an abstract unix socket does not. */
function isFile(address: Address): address is Extract<Address, { kind: "unix" }> {
  return address.kind === "unix" && !address.path.startsWith("@");
}
