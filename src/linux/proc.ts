import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Names in a directory of /proc; none when it is gone or hidden. */
export function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Lines of a table below its heading; none when it is hidden. */
export function readRows(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(1);
  } catch {
    return [];
  }
}

/** The inode of the socket that a process has as that fd; undefined for another kind of file, and when it is gone or hidden. */
export function socketInode(pid: number, fd: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
  } catch {
    return undefined;
  }
}

export interface BoundSocket {
  readonly inode: string;
  /** 4 bytes, or 16. */
  readonly host: Buffer;
  readonly port: number;
  readonly listening: boolean;
}

/** Of this network namespace. Rows: `slot: 0100007F:1F90 00000000:0000 0A …`, the tenth word the inode. proc_pid_net(5). */
export function readSockets(table: "tcp" | "tcp6" | "udp" | "udp6"): readonly BoundSocket[] {
  return readRows(`/proc/net/${table}`).flatMap((row) => {
    const [, local = "", , state, , , , , , inode] = row.trim().split(/\s+/);
    const [host = "", port = ""] = local.split(":");
    if (inode === undefined) return [];
    const listening = state === "0A";
    return [{ inode, host: Buffer.from(host, "hex").swap32(), port: Number.parseInt(port, 16), listening }];
  });
}
