import { visible } from "../lib/printable.js";
import { locateKeys } from "./locate.js";

/** Keys from the root down; a number is a place in an array. */
export type KeyPath = readonly (string | number)[];

/** One thing that is wrong with a config. */
export interface Problem {
  readonly path: KeyPath;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

const maxProblems = 50;
const maxLineLength = 400;

/** A key as it would be written in the file: `listeners.http.address`, `command[1]`. */
export function writeKey(path: KeyPath): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      return `${index === 0 ? "" : "."}${/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key)}`;
    })
    .join("");
}

/** One line a problem, `FILE:LINE: KEY: what is wrong; what to write instead`, in the order of the file. */
export function describeProblems(problems: readonly Problem[], file: string, toml: string): string {
  const locate = locateKeys(toml);
  const placed = problems.map(({ path, message }) => ({ line: locate(path), path, message }));
  placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const lines = placed
    .slice(0, maxProblems)
    .map(({ line, path, message }) =>
      clip(`${line === null ? file : `${file}:${line}`}: ${visible(`${writeKey(path)}: ${message}`)}`),
    );
  if (placed.length > maxProblems) lines.push(`${file}: and ${placed.length - maxProblems} problems more`);
  return lines.join("\n");
}

/** Long values are echoed in part only. */
function clip(line: string): string {
  return line.length <= maxLineLength ? line : `${line.slice(0, maxLineLength)}…`;
}
