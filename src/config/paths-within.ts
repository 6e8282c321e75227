import { isAbsolute, normalize } from "node:path";
import * as v from "valibot";
import { text } from "./values.js";

/** An array of paths in the release; by default none. */
export function pathsWithin(example: string) {
  return v.optional(
    v.pipe(
      v.array(
        v.pipe(
          text(JSON.stringify(example)),
          v.check(
            isPathWithin,
            ({ input }) =>
              `must be a path within the release, and relative to it, as in ${JSON.stringify(example)}; ${JSON.stringify(input)} is not`,
          ),
        ),
        `must be an array of paths; write [${JSON.stringify(example)}]`,
      ),
      v.readonly(),
    ),
    () => [],
  );
}

/** The same path, written in the one way that there is. */
export function tidyPath(path: string): string {
  return normalize(path).replace(/\/$/, "");
}

/** Whether a path of one is a path of the other, within one, or around one. */
export function overlap(one: readonly string[], other: readonly string[]): boolean {
  const isWithin = (path: string, top: string): boolean => `${path}/`.startsWith(`${top}/`);
  return one.some((path) => other.some((next) => isWithin(path, next) || isWithin(next, path)));
}

/** Of a file or directory in the release, and not of the release itself. */
function isPathWithin(path: string): boolean {
  const plain = normalize(path);
  return path !== "" && !isAbsolute(path) && plain !== "." && plain !== "./" && !/^\.\.(\/|$)/.test(plain);
}
