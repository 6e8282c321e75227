import { stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Mode and group for the top of a copy that lies elsewhere: whoever could not get at the original because of a
 * directory above it shall not get at the copy either.
 */
export async function topRights(release: string): Promise<{ readonly mode: number; readonly gid: number }> {
  let { mode, gid } = await stat(release);
  for (let above = dirname(release), done = false; !done; above = dirname(above)) {
    done = above === dirname(above);
    const outer = await stat(above);
    if (outer.mode & 0o001) continue;
    // Whom the outer directory lets in as its group has here the rights of others.
    if (outer.gid !== gid) mode = (mode & ~0o070) | ((mode & 0o007) << 3);
    gid = outer.gid;
    mode &= outer.mode & 0o010 ? ~0o007 : ~0o077;
  }
  return { mode, gid };
}
