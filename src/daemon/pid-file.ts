import { renameSync, rmSync, statSync } from "node:fs";
import { messageOf } from "../lib/failure.js";
import { replaceFile } from "../linux/replace-file.js";

/** `holdfast.pid` in the runtime directory, and `holdfast.pid.oldbin` while the next daemon is being tried: nginx's names. */
export class PidFile {
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #written: number | undefined;

  constructor(runtimeDirectory: string, warn: (message: string) => void) {
    this.#path = `${runtimeDirectory}/holdfast.pid`;
    this.#warn = warn;
  }

  /** Names this process. */
  write(): void {
    this.#attempt("write", () => {
      replaceFile(this.#path, `${process.pid}\n`);
      this.#written = this.#inode();
    });
  }

  /** Makes room for a successor's. */
  setAside(): void {
    this.#attempt("rename", () => renameSync(this.#path, this.#old));
  }

  /** There is no successor. */
  putBack(): void {
    this.#attempt("rename", () => renameSync(this.#old, this.#path));
  }

  /** The predecessor is gone, or is about to go. */
  removeOld(): void {
    this.#attempt("remove", () => rmSync(this.#old, { force: true }));
  }

  /** The service ends, or is another daemon's. The file of another stays: it may have the same pid, in a container of its own. */
  remove(): void {
    this.#attempt("remove", () => {
      // A service that could not be started has none.
      if (this.#written !== undefined && this.#inode() === this.#written) rmSync(this.#path);
    });
  }

  #inode(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino;
  }

  get #old(): string {
    return `${this.#path}.oldbin`;
  }

  /** Nothing of the service depends on it. */
  #attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#warn(`cannot ${what} the pid file ${this.#path}: ${messageOf(error)}`);
    }
  }
}
