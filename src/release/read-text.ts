import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { isInside } from "./link-target.js";

const maxBytes = 1024 * 1024;
const readableByAll = 0o004;

/** The text of a small file; undefined where there is none, or it is none that can be read. */
export type ReadText = (file: string) => string | undefined;

/**
 * Reads small files of a release, of which `directory` may be a copy, and what its links lead to: what they say is shown to others. Root
 * reads of a release that is somebody's only what that user can read, for he may have put links to anything there.
 */
export function textReader(directory: string, release: string): ReadText {
  const owner = process.geteuid?.() === 0 ? statSync(release, { throwIfNoEntry: false })?.uid : undefined;
  const mayShow = (fd: number, { uid, mode }: Stats): boolean => {
    if (owner === undefined || owner === 0 || uid === owner) return true;
    // A directory above a file elsewhere may keep that user from it.
    return (
      (mode & readableByAll) !== 0 && isInside(realpathSync(directory), readlinkSync(`/proc/self/fd/${fd}`))
    );
  };
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  return (file) => {
    let fd: number | undefined;
    try {
      fd = openSync(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
      const stats = fstatSync(fd);
      return stats.isFile() && stats.size <= maxBytes && mayShow(fd, stats)
        ? readFileSync(fd, "utf8")
        : undefined;
    } catch {
      return undefined;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  };
}
