import { existsSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { releasesDirectory } from "./places.js";

/** Of the package that this program is part of; it is in `dist` there. */
const ownPackage = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Lets an app that runs in a snapshot find the library `holdfast` without a link in its release: Node looks into each `node_modules` on the
 * way up, and the snapshots' own comes after the app's. Where it cannot be made, Node says to an app what it lacks.
 */
export function linkLibrary(stateDirectory: string, library = ownPackage): void {
  if (!existsSync(join(library, "package.json"))) return;
  const link = join(releasesDirectory(stateDirectory), "node_modules", "holdfast");
  if (targetOf(link) === library) return;
  try {
    mkdirSync(dirname(link), { recursive: true });
    rmSync(`${link}.new`, { force: true });
    symlinkSync(library, `${link}.new`);
    renameSync(`${link}.new`, link);
  } catch {
    // A disk that takes no link takes no snapshot either, and that is told.
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
