import { readFileSync, readlinkSync } from "node:fs";
import { formatAddress } from "../lib/address.js";
import { familyOf, list } from "./process-family.js";

/** TCP addresses at which a process, or one that descends from it, listens with sockets that are none of those with the inodes. */
export function listensElsewhere(pid: number, inodes: ReadonlySet<string>): readonly string[] {
  const listening = new Map([...readTable("tcp"), ...readTable("tcp6")]);
  const found = familyOf(pid).flatMap((member) =>
    list(`/proc/${member}/fd`).flatMap((fd) => {
      const inode = inodeOf(member, fd);
      const address = inode === undefined || inodes.has(inode) ? undefined : listening.get(inode);
      return address === undefined ? [] : [address];
    }),
  );
  return [...new Set(found)];
}

/** By inode. Lines: `slot: 0100007F:1F90 00000000:0000 0A …`, the tenth word the inode. proc_pid_net(5). */
function readTable(table: "tcp" | "tcp6"): readonly (readonly [inode: string, address: string])[] {
  return read(`/proc/net/${table}`)
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      const [host = "", port = ""] = local.split(":");
      if (state !== "0A" || inode === undefined) return [];
      const bytes = Buffer.from(host, "hex").swap32();
      const family = bytes.length === 4 ? 4 : 6;
      const text = family === 4 ? bytes.join(".") : (bytes.toString("hex").match(/..../g) ?? []).join(":");
      return [[inode, formatAddress({ kind: "tcp", family, host: text, port: Number.parseInt(port, 16) })]];
    });
}

function inodeOf(pid: number, fd: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
  } catch {
    return undefined;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
