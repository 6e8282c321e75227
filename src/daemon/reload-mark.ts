import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync } from "node:fs";
import { messageLimit } from "../control/upgrade-wish.js";
import { reloadMarkIn } from "../lib/directories.js";
import { oneLine } from "../lib/printable.js";

/** Which reload it is, and why somebody wants it. */
export interface ReloadMark {
  readonly id: string;
  readonly message: string | null;
}

/** What the first command of ExecReload= leaves for the daemon that it signals: a word of its own, and the message, if there is one. */
export interface ReloadMarkFile {
  /** Undefined where there is none, and for what that command cannot have made. */
  read(): ReloadMark | undefined;
  remove(): void;
}

const mostBytes = 4096;

export function reloadMarkFile(runtimeDirectory: string): ReloadMarkFile {
  const file = reloadMarkIn(runtimeDirectory);
  return {
    read: () => {
      try {
        return readMark(file);
      } catch {
        return undefined;
      }
    },
    remove: () => rmSync(file, { force: true }),
  };
}

function readMark(file: string): ReloadMark | undefined {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile() || stats.size > mostBytes) return undefined;
    const [word = "", ...words] = readFileSync(fd, "utf8").trim().split(" ");
    const message = oneLine(words.join(" ")).trim().slice(0, messageLimit);
    // The word is a pid, which comes again one day.
    return { id: `${word} ${stats.mtimeNs}`, message: message === "" ? null : message };
  } finally {
    closeSync(fd);
  }
}
