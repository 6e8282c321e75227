import { fstatSync } from "node:fs";
import { closeFd } from "../../../src/linux/fd.js";
import { libc } from "../../../src/linux/ffi.js";

/** kcmp has no libc wrapper, and not the same number everywhere. kcmp(2). */
const SYS_kcmp = process.arch === "x64" ? 312 : 272;
const KCMP_FILE = 0;

const syscall = libc<[call: number, pid: number, other: number, type: number, fd: number, otherFd: number]>(
  "long syscall(long, long, long, long, long, long)",
);

export interface StoredFd {
  readonly name: string;
  readonly fd: number;
}

/** Fds kept for a service as systemd does: the same open file once, under its first name, the newest first. */
export class FdStore {
  /** FileDescriptorStoreMax=: what comes beyond it is dropped without a word. */
  limit = Number.POSITIVE_INFINITY;
  #entries: StoredFd[] = [];

  get entries(): readonly StoredFd[] {
    return this.#entries;
  }

  get names(): string[] {
    return this.#entries.map(({ name }) => name).sort();
  }

  /** Takes the fd over. */
  add(name: string, fd: number): void {
    const known = this.#entries.some((entry) => isSameFile(entry.fd, fd));
    if (known || this.#entries.length >= this.limit) closeFd(fd);
    else this.#entries.unshift({ name, fd });
  }

  /** Drops all of a name. */
  remove(name: string): void {
    this.#drop((entry) => entry.name === name);
  }

  clear(): void {
    this.#drop(() => true);
  }

  #drop(isDropped: (entry: StoredFd) => boolean): void {
    for (const entry of this.#entries.filter(isDropped)) closeFd(entry.fd);
    this.#entries = this.#entries.filter((entry) => !isDropped(entry));
  }
}

/** Whether both are one open file; where kcmp is not permitted, whether they are of one inode. */
function isSameFile(first: number, second: number): boolean {
  const compared = syscall(SYS_kcmp, process.pid, process.pid, KCMP_FILE, first, second);
  if (compared >= 0) return compared === 0;
  const [one, other] = [fstatSync(first, { bigint: true }), fstatSync(second, { bigint: true })];
  return one.dev === other.dev && one.ino === other.ino;
}
