import { fillMemfd, readMemfd } from "../../linux/memfd.js";
import type { Frozen } from "../carriers/carrier.js";

/** Residual bytes of a batch in one memfd: each item's input, then its output. Undefined when there are none. */
export function packBytes(items: readonly Frozen[]): number | undefined {
  const bytes = Buffer.concat(items.flatMap(({ input, output }) => [input, output]));
  return bytes.length === 0 ? undefined : fillMemfd("holdfast-bytes", bytes);
}

/** The same bytes; undefined when the fd does not hold that many. */
export function unpackBytes(fd: number | undefined, total: number): Buffer | undefined {
  if (total === 0) return Buffer.alloc(0);
  const bytes = fd === undefined ? undefined : readMemfd(fd, total);
  return bytes?.length === total ? bytes : undefined;
}
