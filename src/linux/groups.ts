import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { promisify } from "node:util";
import { libc, systemCallFailed } from "./ffi.js";
import { findProgram } from "./find-program.js";
import { readOption, SOL_SOCKET } from "./socket-calls.js";

const SO_PEERGROUPS = 59;
const gidBytes = 4;
/** NGROUPS_MAX of the kernel; few users have more than the first try has room for. */
const fewGroups = 256;
const mostGroups = 65_536;
const getentTimeoutMs = 5_000;

const run = promisify(execFile);
const lsetxattr = libc<[path: string, name: string, value: Buffer, size: number, flags: number]>(
  "int lsetxattr(const char *, const char *, void *, size_t, int)",
);

/** The supplementary groups that a peer had when it connected to a unix stream socket; its own is in SO_PEERCRED. unix(7). */
export function peerGroups(fd: number): readonly number[] {
  let value = readOption(fd, SOL_SOCKET, SO_PEERGROUPS, fewGroups * gidBytes);
  if (value === -constants.errno.ERANGE) {
    value = readOption(fd, SOL_SOCKET, SO_PEERGROUPS, mostGroups * gidBytes);
  }
  if (typeof value === "number") throw systemCallFailed(`read the groups of the peer of socket ${fd}`, value);
  const bytes = value;
  return Array.from({ length: bytes.length / gidBytes }, (_, index) => bytes.readUInt32LE(index * gidBytes));
}

/** A group's number, by its name or by the number itself; also of groups that only a directory service knows. Undefined: there is none. */
export async function findGroup(name: string): Promise<number | undefined> {
  if (/^\d{1,9}$/.test(name)) return Number(name);
  const local = gidIn(readGroups(), name);
  if (local !== undefined) return local;
  try {
    const { stdout } = await run(findProgram("getent"), ["group", "--", name], { timeout: getentTimeoutMs });
    return gidIn(stdout, name);
  } catch {
    return undefined;
  }
}

/** Lines: `NAME:PASSWORD:GID:MEMBERS`. group(5). */
function gidIn(lines: string, name: string): number | undefined {
  const gid = lines
    .split("\n")
    .map((line) => line.split(":"))
    .find(([found]) => found === name)?.[2];
  return gid === undefined || !/^\d+$/.test(gid) ? undefined : Number(gid);
}

function readGroups(): string {
  try {
    return readFileSync("/etc/group", "utf8");
  } catch {
    return "";
  }
}

// posix_acl_xattr of the kernel: a version, then entries of tag, permissions and id, in the order of the tags.
const aclVersion = 2;
const tags = { userObject: 0x01, groupObject: 0x04, group: 0x08, mask: 0x10, other: 0x20 };
const noId = 0xffff_ffff;
const readAndWrite = 6;

/**
 * Lets the members of groups connect to the socket whose file is at a path, besides its owner, who need not be in them: acl(5). A path that is a
 * link is not followed. Throws where it may not be done, or the file system knows no such lists.
 */
export function allowGroups(path: string, gids: readonly number[]): void {
  const named = [...new Set(gids)].sort((one, other) => one - other);
  const entries: readonly (readonly [tag: number, permissions: number, id: number])[] = [
    [tags.userObject, readAndWrite, noId],
    [tags.groupObject, 0, noId],
    ...named.map((gid) => [tags.group, readAndWrite, gid] as const),
    ...(named.length === 0 ? [] : [[tags.mask, readAndWrite, noId] as const]),
    [tags.other, 0, noId],
  ];
  const value = Buffer.alloc(4 + 8 * entries.length);
  value.writeUInt32LE(aclVersion, 0);
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    value.writeUInt16LE(tag, 4 + 8 * index);
    value.writeUInt16LE(permissions, 6 + 8 * index);
    value.writeUInt32LE(id, 8 + 8 * index);
  }
  const result = lsetxattr(path, "system.posix_acl_access", value, value.length, 0);
  if (result < 0) throw systemCallFailed(`let groups use ${path}`, result);
}
