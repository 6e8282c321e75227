import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ReadText, textReader } from "./read-text.js";

/**
 * The commit that is checked out in a directory, as 40 or 64 hexadecimal digits; null where it is no checkout of git's, or refs are kept
 * in another way than as files. Read by file: git itself refuses other users' checkouts, and need not be there. gitrepository-layout(5).
 * `release`: from where the paths in it count, should the directory be a copy.
 */
export function readCommit(directory: string, release = directory): string | null {
  const readText = textReader(directory, release);
  const readLine = (file: string): string => firstLine(readText, file);
  const git = findRepository(directory, release, readLine);
  const head = readLine(join(git, "HEAD"));
  const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
  if (ref === undefined || ref.includes("..")) return asCommit(head);
  // A worktree of several has its own HEAD and, but for some, not its own refs.
  const common = resolve(git, readLine(join(git, "commondir")));
  return (
    asCommit(readLine(join(git, ref))) ??
    asCommit(readLine(join(common, ref))) ??
    findPacked(readText(join(common, "packed-refs")) ?? "", ref)
  );
}

function findRepository(directory: string, release: string, readLine: (file: string) => string): string {
  const git = join(directory, ".git");
  const elsewhere = /^gitdir: (.+)$/.exec(readLine(git))?.[1];
  if (elsewhere !== undefined) return resolve(release, elsewhere);
  return statSync(git, { throwIfNoEntry: false }) === undefined ? join(release, ".git") : git;
}

/** Lines: `COMMIT REF`. */
function findPacked(packed: string, ref: string): string | null {
  const line = packed.split("\n").find((one) => one.endsWith(` ${ref}`));
  return asCommit(line?.split(" ", 1)[0] ?? "");
}

function firstLine(readText: ReadText, file: string): string {
  return readText(file)?.split("\n", 1)[0]?.trim() ?? "";
}

function asCommit(text: string): string | null {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : null;
}
