import { fstatSync, readSync, writeSync } from "node:fs";
import { createMemfd } from "../../linux/memfd.js";
import type { Frozen } from "../carrier.js";

/** Residual bytes of a batch in one memfd: each item's input, then its output. Undefined when there are none. */
export function packBytes(items: readonly Frozen[]): number | undefined {
  const bytes = Buffer.concat(items.flatMap(({ input, output }) => [input, output]));
  if (bytes.length === 0) return undefined;
  const fd = createMemfd("holdfast-bytes");
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
  return fd;
}

/** The same bytes; undefined when the fd does not hold that many. */
export function unpackBytes(fd: number | undefined, total: number): Buffer | undefined {
  if (total === 0) return Buffer.alloc(0);
  if (fd === undefined || !fstatSync(fd).isFile() || fstatSync(fd).size !== total) return undefined;
  const bytes = Buffer.alloc(total);
  for (let at = 0; at < total; ) {
    const read = readSync(fd, bytes, at, total - at, at);
    if (read === 0) return undefined;
    at += read;
  }
  return bytes;
}
