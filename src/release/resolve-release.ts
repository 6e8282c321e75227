import { realpathSync, statSync } from "node:fs";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

/** The directory that `release` means now: symlinks are followed once, at each upgrade. */
export function resolveRelease(release: string): Result<string, Failure<"release-invalid">> {
  try {
    const directory = realpathSync(release);
    if (statSync(directory).isDirectory()) return succeed(directory);
    return fail("release-invalid", `cannot use the release ${release}: it is not a directory`);
  } catch (error) {
    return fail("release-invalid", `cannot use the release ${release}: ${messageOf(error)}`);
  }
}
