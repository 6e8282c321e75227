import { join } from "node:path";
import { textReader } from "./read-text.js";

/**
 * What a release calls itself: `version` of its package.json, else the first line of a file `version`; null if neither. `release`: should
 * the directory be a copy.
 */
export function readVersion(directory: string, release = directory): string | null {
  const readText = textReader(directory, release);
  return (
    presentable(versionIn(readText(join(directory, "package.json")))) ??
    presentable(readText(join(directory, "version"))?.split("\n", 1)[0])
  );
}

function versionIn(text: string | undefined): unknown {
  try {
    const json: unknown = JSON.parse(text ?? "");
    return typeof json === "object" && json !== null && "version" in json ? json.version : undefined;
  } catch {
    return undefined;
  }
}

function presentable(version: unknown): string | null {
  const text = typeof version === "string" ? version.trim() : "";
  return /^[!-~][ -~]{0,63}$/.test(text) ? text : null;
}
