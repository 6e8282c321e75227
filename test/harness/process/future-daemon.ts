import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { stateFormat } from "../../../src/state/encode.js";

/*
 * holdfastd of a later version: the same, but it writes its state, on disk and in memory, in a format that this one does not know.
 */

const { readSync, writeSync, writevSync } = fs;
const known = `{"format":${stateFormat},`;
const later = known.replace(String(stateFormat), "9");

/** Both have the same length, so nothing else moves. */
function replace(bytes: unknown, from: string, to: string): void {
  if (!(bytes instanceof Uint8Array)) return;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = view.indexOf(from);
  if (at >= 0) view.write(to, at);
}

Reflect.set(fs, "writeSync", (fd: number, bytes: unknown, ...rest: readonly unknown[]): unknown => {
  replace(bytes, known, later);
  return Reflect.apply(writeSync, fs, [fd, bytes, ...rest]);
});
Reflect.set(
  fs,
  "writevSync",
  (fd: number, parts: readonly unknown[], ...rest: readonly unknown[]): unknown => {
    for (const bytes of parts) replace(bytes, known, later);
    return Reflect.apply(writevSync, fs, [fd, parts, ...rest]);
  },
);
Reflect.set(fs, "readSync", (fd: number, bytes: unknown, ...rest: readonly unknown[]): unknown => {
  const length: unknown = Reflect.apply(readSync, fs, [fd, bytes, ...rest]);
  replace(bytes, later, known);
  return length;
});
syncBuiltinESMExports();

const { runDaemon } = await import("../../../src/daemon/run-daemon.js");
await runDaemon(process.argv.slice(2));
