import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";

const CACHE = join(process.env["XDG_CACHE_HOME"] ?? "/var/cache", "holdfast-test");

/**
 * The path of a folder of the cache that `fill` has once filled. It is filled beside its place and then renamed, so that
 * one that was interrupted is never used.
 */
export async function ensureCached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const building = await mkdtemp(`${folder}.building.`);
  try {
    await fill(building);
    await rename(building, folder).catch((error: unknown) => {
      // Another run was quicker.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return folder;
}
