import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../lib/failure.js";
import type { LedgerEntry } from "../model/ledger-entry.js";

/** How much of it is kept. */
export interface LedgerLimits {
  /** A file that is larger is set aside. */
  readonly sizeBytes: number;
  /** Files that were set aside and are kept. */
  readonly rotate: number;
}

/** The file that is written, and those that were set aside, the last one first, by number. */
export function ledgerFile(directory: string, number = 0): string {
  const file = join(directory, "history.jsonl");
  return number === 0 ? file : `${file}.${number}`;
}

/** `history.jsonl`, a line for each thing that came to its end. Without limits it grows. */
export class LedgerFile {
  readonly #directory: string;
  #limits: LedgerLimits | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  follow(limits: LedgerLimits): void {
    this.#limits = limits;
  }

  /** Appends a line. Returns why it could not, if so. */
  append(at: number, entry: LedgerEntry): string | undefined {
    const file = ledgerFile(this.#directory);
    try {
      const size = write(file, lineOf(at, entry));
      if (this.#limits !== undefined && size > this.#limits.sizeBytes) this.#rotate(this.#limits.rotate);
      return undefined;
    } catch (error) {
      return `cannot write the ledger ${file}: ${messageOf(error)}`;
    }
  }

  #rotate(kept: number): void {
    if (kept === 0) rmSync(ledgerFile(this.#directory));
    for (let number = kept; number > 0; number -= 1) {
      try {
        renameSync(ledgerFile(this.#directory, number - 1), ledgerFile(this.#directory, number));
      } catch {
        // There are not so many yet.
      }
    }
  }
}

function lineOf(at: number, entry: LedgerEntry): string {
  const time = { at: new Date(at).toISOString() };
  return `${JSON.stringify({ ...time, ...entry, ...time })}\n`;
}

/** Returns the size. A line that was cut off, by a crash or a full disk, is ended first: nothing but itself is lost. */
function write(file: string, line: string): number {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(file, flags | constants.O_NONBLOCK, 0o600);
  try {
    const { size } = fstatSync(fd);
    const last = Buffer.from("\n");
    if (size > 0) readSync(fd, last, 0, 1, size - 1);
    const bytes = Buffer.from(last.toString() === "\n" ? line : `\n${line}`);
    const written = writeSync(fd, bytes);
    if (written < bytes.length) throw new Error("there is no room for a whole line");
    return size + written;
  } finally {
    closeSync(fd);
  }
}
