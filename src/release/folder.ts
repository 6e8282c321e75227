import { type BigIntStats, constants, lstatSync } from "node:fs";
import { chmod, type FileHandle, open, readdir } from "node:fs/promises";

/** As the kernel has it, for it need not be UTF-8. */
export type Name = string | Buffer;

const asFolder = constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** open(2): an fd that only names the file. Node's constants lack it. */
const O_PATH = 0o10000000;

/**
 * A directory that is held open. What is done to a name in it is done there, wherever the directory is moved meanwhile and whatever is
 * put in the place of those above it. Node has no openat(2); the kernel's link to an fd does the same. proc_pid_fd(5).
 */
export class Folder implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Rejects with ENOTDIR or ELOOP where there is something else, as a link to one. */
  static async open(path: Name): Promise<Folder> {
    return new Folder(await open(path, asFolder));
  }

  /** The same with one that may have no rights for anybody: it gets those to be emptied. */
  static async openToEmpty(path: Name): Promise<Folder> {
    await using named = new Folder(await open(path, asFolder | O_PATH));
    // Not by `at`, for it may not be searched yet.
    await chmod(`/proc/self/fd/${named.#handle.fd}`, 0o700);
    return await Folder.open(named.at("."));
  }

  /** The path by which to do something to a name in it. */
  at(name: Name): Name {
    const here = `/proc/self/fd/${this.#handle.fd}/`;
    return typeof name === "string" ? here + name : Buffer.concat([Buffer.from(here), name]);
  }

  openFolder(name: Name): Promise<Folder> {
    return Folder.open(this.at(name));
  }

  /** At once: the way to a thread and back costs five times as much as the look. */
  look(name: Name): BigIntStats {
    return lstatSync(this.at(name), { bigint: true });
  }

  /** A name that is not UTF-8 is bytes. */
  async list(): Promise<Name[]> {
    const names = await readdir(this.at(""), { encoding: "buffer" });
    return names.map((name) => {
      const text = name.toString();
      return Buffer.from(text).equals(name) ? text : name;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
