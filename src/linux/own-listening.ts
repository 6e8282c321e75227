import { formatAddress } from "../lib/address.js";
import { list, readSockets, socketInode } from "./proc.js";
import { familyOf } from "./process-family.js";

/** TCP addresses at which a process, or one that descends from it, listens with sockets that are none of those with the inodes. */
export function listensElsewhere(pid: number, inodes: ReadonlySet<string>): readonly string[] {
  const listening = new Map([...listeningAt("tcp"), ...listeningAt("tcp6")]);
  const found = familyOf(pid).flatMap((member) =>
    list(`/proc/${member}/fd`).flatMap((fd) => {
      const inode = socketInode(member, fd);
      const address = inode === undefined || inodes.has(inode) ? undefined : listening.get(inode);
      return address === undefined ? [] : [address];
    }),
  );
  return [...new Set(found)];
}

/** By inode. */
function listeningAt(table: "tcp" | "tcp6"): readonly (readonly [inode: string, address: string])[] {
  return readSockets(table)
    .filter(({ listening }) => listening)
    .map(({ inode, host: bytes, port }) => {
      const family = bytes.length === 4 ? 4 : 6;
      const host = family === 4 ? bytes.join(".") : (bytes.toString("hex").match(/..../g) ?? []).join(":");
      return [inode, formatAddress({ kind: "tcp", family, host, port })];
    });
}
