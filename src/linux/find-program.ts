import { realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const usualFolders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const writableByOthers = 0o022;
const sticky = 0o1000;

/**
 * A program of the system's, for spawn(2). Root gets the path of one that nobody else could have put there: PATH, which the unit may set
 * for the app, may name folders of the app's user. Others get the name: what they run has no more rights than they have themselves.
 */
export function findProgram(name: string): string {
  if (process.geteuid?.() !== 0) return name;
  const folders = (process.env["PATH"] ?? "").split(":").filter((folder) => folder.startsWith("/"));
  for (const folder of [...folders, ...usualFolders]) {
    try {
      // The folder's links are followed now; the program's own name stays: some are one file under many names.
      const path = join(realpathSync(folder), name);
      if (isOurs(dirname(path)) && isOurs(realpathSync(path))) return path;
    } catch {
      // There is none in this folder.
    }
  }
  return join("/usr/bin", name);
}

/** Whether only root and this process's user can change what stands at a path, which has no links in it. */
function isOurs(path: string): boolean {
  const { uid, mode } = statSync(path);
  if (uid !== 0 && uid !== process.geteuid?.()) return false;
  if ((mode & writableByOthers) !== 0 && (mode & sticky) === 0) return false;
  return path === "/" || isOurs(dirname(path));
}
