import { createHash } from "node:crypto";
import { type BigIntStats, closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import type { Name } from "./folder.js";

/** What a file of a snapshot was made as. */
export interface Seal {
  /** Of the copy: nobody can set it, and it changes with every change, but also with a link to the file. */
  readonly ctimeNs: bigint;
  /** SHA-256 of the content. */
  readonly digest: string;
}

const pieceBytes = 256 * 1024;

const readPiece = promisify(read);

/** Opens what is at the path to be read, should it be a link (ELOOP) nothing; never waits, as for the writer of a FIFO. */
export async function withFile<T>(
  path: Name,
  use: (fd: number, stats: BigIntStats) => Promise<T>,
): Promise<T> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    return await use(fd, fstatSync(fd, { bigint: true }));
  } finally {
    closeSync(fd);
  }
}

/** Up to this size a file is copied, read, and removed at once: the way to a thread and back costs more than that. */
export const smallBytes = 64 * 1024;

export async function digestOf(fd: number, size: number): Promise<string> {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(Math.min(size, pieceBytes));
  for (let at = 0; at < size; ) {
    const bytesRead =
      size <= smallBytes
        ? readSync(fd, piece, 0, piece.length, at)
        : (await readPiece(fd, piece, 0, piece.length, at)).bytesRead;
    if (bytesRead === 0) break;
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest("base64url");
}

/** Whether the file is what was sealed; its content is read only where its ctime is another one. */
export async function isSealed(
  fd: number,
  stats: BigIntStats,
  made: { readonly size: number; readonly seal: Seal },
): Promise<boolean> {
  if (!stats.isFile() || Number(stats.size) !== made.size) return false;
  return stats.ctimeNs === made.seal.ctimeNs || (await digestOf(fd, made.size)) === made.seal.digest;
}
