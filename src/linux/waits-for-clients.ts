import { readFileSync, readlinkSync } from "node:fs";
import { list } from "./proc.js";
import { familyOf } from "./process-family.js";

const EPOLLIN = 1;

/**
 * Whether a process, or one that descends from it, waits for connections at a listener with epoll(7): a line of the set's fdinfo has the
 * listener's inode. One that waits in accept(2), select(2) or poll(2) is not seen, nor one whose fds /proc hides. proc_pid_fdinfo(5).
 */
export function waitsForClients(pid: number, inode: string): boolean {
  const wanted = BigInt(inode).toString(16);
  return familyOf(pid).some((member) =>
    list(`/proc/${member}/fd`).some((fd) => {
      const set = readSet(member, fd) ?? "";
      return set.split("\n").some((line) => {
        const [, events = "0", found] = /^tfd:.* events: +([0-9a-f]+) .* ino:([0-9a-f]+)/.exec(line) ?? [];
        return found === wanted && (Number.parseInt(events, 16) & EPOLLIN) !== 0;
      });
    }),
  );
}

/** What an epoll set watches; undefined for another kind of fd. */
function readSet(pid: number, fd: string): string | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== "anon_inode:[eventpoll]") return undefined;
    return readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
  } catch {
    return undefined;
  }
}
