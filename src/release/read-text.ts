import { readFileSync, statSync } from "node:fs";

const maxBytes = 1024 * 1024;

/** A small file of a release; undefined where there is none, or it is none that can be read. */
export function readText(file: string): string | undefined {
  try {
    const stats = statSync(file);
    return stats.isFile() && stats.size <= maxBytes ? readFileSync(file, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
