import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { isInside } from "./link-target.js";

/** A path that leads through a link is meant where it really is; what leads out of the release is no part of the copy. */
export async function resolveInside(release: string, paths: readonly string[]): Promise<string[]> {
  const resolved = new Set<string>();
  for (const path of paths) {
    const above = join(release, dirname(path));
    const real = join(await realpath(above).catch(() => above), basename(path));
    if (isInside(release, real) && real !== release) resolved.add(relative(release, real));
  }
  const all = [...resolved];
  return all.filter((path) => !all.some((other) => other !== path && isInside(other, path)));
}

/** What of a release is not copied where these paths are shared. SQLite's files beside a database come and go with it. */
export function omittedFor(shared: readonly string[]): ReadonlySet<string> {
  return new Set(shared.flatMap((path) => ["", "-journal", "-wal", "-shm"].map((end) => path + end)));
}
