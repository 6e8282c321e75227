import { readlinkSync, realpathSync, statSync } from "node:fs";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

/** The directory that `release` means now: symlinks are followed once, at each upgrade. */
export function resolveRelease(release: string): Result<string, Failure<"release-invalid">> {
  try {
    const directory = realpathSync(release);
    if (statSync(directory).isDirectory()) return succeed(directory);
    return fail("release-invalid", `cannot use the release ${release}: it is not a directory`);
  } catch (error) {
    return fail("release-invalid", `cannot use the release ${release}: ${explain(release, error)}`);
  }
}

function explain(release: string, error: unknown): string {
  if (errorCode(error) === "ENOENT") {
    const target = targetOf(release);
    const what =
      target === undefined
        ? "there is no such directory"
        : `it is a link to ${target}, and that is not there`;
    return `${what}; deploy it, or correct \`release\` in the config`;
  }
  if (errorCode(error) === "EACCES") {
    return `user ${process.getuid?.()} may not enter it; check mode and owner of it and of the directories above`;
  }
  return messageOf(error);
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
