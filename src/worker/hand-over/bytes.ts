import { fillMemfd, readMemfd } from "../../linux/memfd.js";

/** The bytes of a batch in a memfd, the caller's to close. Undefined when there are none. */
export function packBytes(bytes: Buffer): number | undefined {
  return bytes.length === 0 ? undefined : fillMemfd("holdfast-bytes", bytes);
}

/** The same bytes; undefined when the fd does not hold that many. */
export function unpackBytes(fd: number | undefined, total: number): Buffer | undefined {
  if (total === 0) return Buffer.alloc(0);
  const bytes = fd === undefined ? undefined : readMemfd(fd, total);
  return bytes?.length === total ? bytes : undefined;
}
