import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";

export interface Link {
  /** Of the link, relative to `top`. */
  readonly path: string;
  /** As it is written. */
  readonly target: string;
  /** The absolute path that it ends at, all links followed; undefined when there is nothing. */
  readonly real: string | undefined;
}

/**
 * What a link of the tree at `top` has to say in a copy of it to mean the same: what is inside of the tree is inside
 * of the copy, and what is outside stays where it is.
 */
export function linkTargetInCopy(top: string, { path, target, real }: Link): string {
  const directory = join(top, path, "..");
  const stays = !isAbsolute(target) && staysInside(path, target);
  if (real !== undefined && isInside(top, real)) {
    return stays ? target : relative(directory, real) || ".";
  }
  if (isAbsolute(target)) return target;
  // `name/..` is not nothing when name is a link: then only the kernel knows where it leads.
  if (/[^/.][^/]*\/+\.\.(\/|$)/.test(target)) return real ?? resolve(directory, target);
  return stays ? target : resolve(directory, target);
}

/** The same, of a link that is still there. */
export async function findTargetInCopy(top: string, { path, target }: Omit<Link, "real">): Promise<string> {
  const real = await realpath(join(top, path)).catch(() => undefined);
  return linkTargetInCopy(top, { path, target, real });
}

export function isInside(top: string, path: string): boolean {
  return path === top || path.startsWith(top === "/" ? top : `${top}/`);
}

/** Whether no step of the target, seen from the link, leads above the top. */
function staysInside(path: string, target: string): boolean {
  let depth = path.split("/").length - 1;
  for (const step of target.split("/")) {
    if (step === "..") depth -= 1;
    else if (step !== "" && step !== ".") depth += 1;
    if (depth < 0) return false;
  }
  return true;
}
