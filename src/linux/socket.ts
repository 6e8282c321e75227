import { fstatSync } from "node:fs";
import { type Address, formatAddress } from "../lib/address.js";
import { libc, systemCallFailed } from "./ffi.js";
import type { Credentials } from "./message.js";
import { AF_INET, AF_INET6, AF_UNIX, maxSocketAddressBytes, unpackSocketAddress } from "./socket-address.js";
import {
  readOption,
  readOwnAddress,
  readPeerAddress,
  SO_BINDTODEVICE,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./socket-calls.js";

/** IFNAMSIZ of netdevice(7). */
const maxDeviceBytes = 16;
const SO_TYPE = 3;
const SO_PEERCRED = 17;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const MSG_PEEK = 0x2;
const MSG_DONTWAIT = 0x40;

const recv = libc<[fd: number, bytes: Buffer, length: number, flags: number]>(
  "long recv(int, void *, unsigned long, int)",
);

const families = new Map<number, SocketFacts["family"]>([
  [AF_UNIX, "unix"],
  [AF_INET, "inet"],
  [AF_INET6, "inet6"],
]);
const types = new Map<number, SocketFacts["type"]>([
  [SOCK_STREAM, "stream"],
  [SOCK_DGRAM, "dgram"],
  [SOCK_SEQPACKET, "seqpacket"],
]);

/** What the kernel says of a socket. */
export interface SocketFacts {
  /** The same for every fd of one socket, in whatever process, and for no other socket that lives now: its inode. */
  readonly id: string;
  readonly family: "inet" | "inet6" | "unix" | "other";
  readonly type: "stream" | "dgram" | "seqpacket" | "other";
  readonly listening: boolean;
  /** As `formatAddress` writes it; empty for an unnamed unix socket and for other families. */
  readonly address: string;
}

/** Undefined when the fd is not open or is no socket. socket(7), getsockname(2). */
export function inspectSocket(fd: number): SocketFacts | undefined {
  const domain = readInt(fd, SO_DOMAIN);
  if (domain === undefined) return undefined;
  const type = types.get(readInt(fd, SO_TYPE) ?? 0) ?? "other";
  const name = readOwnAddress(fd, maxSocketAddressBytes);
  const address =
    typeof name === "number" ? undefined : unpackSocketAddress(name, type === "dgram" ? "udp" : "tcp");
  return {
    id: String(fstatSync(fd, { bigint: true }).ino),
    family: families.get(domain) ?? "other",
    type,
    listening: readInt(fd, SO_ACCEPTCONN) === 1,
    address: address === undefined ? "" : formatAddress(withDevice(fd, address)),
  };
}

/** A link-local address is bound to its zone: SO_BINDTODEVICE tells that, too. */
function withDevice(fd: number, address: Address): Address {
  if (address.kind === "unix") return address;
  const value = readOption(fd, SOL_SOCKET, SO_BINDTODEVICE, maxDeviceBytes);
  const device = typeof value === "number" ? "" : (value.toString("latin1").split("\0", 1)[0] ?? "");
  return device === "" ? address : { ...address, device };
}

/** Whether the fd is a stream socket: one call to the kernel, where `inspectSocket` makes five. socket(7) SO_TYPE. */
export function isStreamSocket(fd: number): boolean {
  return readInt(fd, SO_TYPE) === SOCK_STREAM;
}

/** Whether the peer has sent anything that nobody has read yet; false for a connection that is broken. recv(2), MSG_PEEK. */
export function hasUnreadBytes(fd: number): boolean {
  return recv(fd, Buffer.alloc(1), 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/** Whether it is one end of a connection. getpeername(2). */
export function hasPeer(fd: number): boolean {
  return typeof readPeerAddress(fd, maxSocketAddressBytes) !== "number";
}

/** Who connected to a unix stream socket, at the time of connect(2). unix(7) SO_PEERCRED. */
export function peerCredentials(fd: number): Credentials {
  const value = readOption(fd, SOL_SOCKET, SO_PEERCRED, 12);
  if (typeof value === "number") throw systemCallFailed(`read the peer of socket ${fd}`, value);
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

function readInt(fd: number, option: number): number | undefined {
  const value = readOption(fd, SOL_SOCKET, option, 4);
  return typeof value === "number" ? undefined : value.readInt32LE(0);
}
