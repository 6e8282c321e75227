import type { Address } from "../lib/address.js";
import { processName } from "./pidfd.js";
import { list, readRows, readSockets, socketInode } from "./proc.js";
import { packSocketAddress } from "./socket-address.js";

/** A process that holds a socket. */
export interface Owner {
  readonly pid: number;
  readonly name: string;
}

/**
 * The process that keeps an address from being bound; undefined when /proc does not tell (another user's process,
 * another network namespace, ProcSubset=pid). A snapshot for a message, nothing to act on. proc_pid_net(5).
 */
export function findOwner(address: Address): Owner | undefined {
  const inodes = inodesAt(address, overlap);
  if (inodes.size === 0) return undefined;
  const pid = processes().find((candidate) => heldBy(candidate, inodes).length > 0);
  return pid === undefined ? undefined : { pid, name: processName(pid) ?? "?" };
}

/** One socket, as one process has it. */
export interface HeldSocket extends Owner {
  readonly fd: number;
  readonly inode: string;
}

/** Every socket at exactly that address once, with the first process that holds it; what /proc does not tell is missing. */
export function findSockets(address: Address): readonly HeldSocket[] {
  const missing = inodesAt(address, (held, wanted) => held === wanted);
  const found: HeldSocket[] = [];
  for (const pid of missing.size === 0 ? [] : processes()) {
    for (const held of heldBy(pid, missing)) {
      if (!missing.delete(held.inode)) continue;
      found.push({ pid, name: processName(pid) ?? "?", ...held });
    }
  }
  return found;
}

/** Whether two hosts, expanded, are at one port as far as somebody is concerned. */
type AtOnePort = (held: string, wanted: string) => boolean;

function inodesAt(address: Address, atOnePort: AtOnePort): Set<string> {
  return address.kind === "unix" ? unixInodes(address.path) : portInodes(address, atOnePort);
}

/** The one keeps the other from being bound. */
function overlap(held: string, wanted: string): boolean {
  return held === wanted || isAny(held) || isAny(wanted);
}

/** The service manager comes last: what it holds, it mostly keeps for somebody. */
function processes(): number[] {
  const pids = list("/proc").map(Number).filter(Number.isInteger);
  return pids.sort((a, b) => Number(a === 1) - Number(b === 1) || a - b);
}

function portInodes(address: Exclude<Address, { kind: "unix" }>, atOnePort: AtOnePort): Set<string> {
  const packed = packSocketAddress(address);
  const wanted = expand(address.family === 4 ? packed.subarray(4, 8) : packed.subarray(8, 24));
  const bound = [...readSockets(address.kind), ...readSockets(`${address.kind}6`)];
  const found = bound.filter(({ host, port, listening }) => {
    if (port !== address.port || (address.kind === "tcp" && !listening)) return false;
    return atOnePort(expand(host), wanted);
  });
  return new Set(found.map(({ inode }) => inode));
}

/** Lines: `address: 00000002 00000000 00010000 0001 01 INODE PATH`. */
function unixInodes(path: string): Set<string> {
  const inodes = new Set<string>();
  for (const line of readRows("/proc/net/unix")) {
    const [, inode, held] = /^\S+ \S+ \S+ \S+ \S+ \S+ +(\d+) (.*)$/.exec(line) ?? [];
    if (inode !== undefined && held === path) inodes.add(inode);
  }
  return inodes;
}

/** Hex of 16 bytes, IPv4 as mapped, so that both families compare. */
function expand(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return bytes.length === 4 ? `${"0".repeat(20)}ffff${hex}` : hex;
}

function isAny(expanded: string): boolean {
  return /^0{20}(?:ffff|0000)0{8}$/.test(expanded);
}

function heldBy(pid: number, inodes: ReadonlySet<string>): { fd: number; inode: string }[] {
  return list(`/proc/${pid}/fd`).flatMap((fd) => {
    const inode = socketInode(pid, fd);
    return inode !== undefined && inodes.has(inode) ? [{ fd: Number(fd), inode }] : [];
  });
}
