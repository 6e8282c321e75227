import { join } from "node:path";
import { readText } from "./read-text.js";

/** What a release calls itself: `version` of its package.json, else the first line of a file `version`; null if neither. */
export function readVersion(release: string): string | null {
  return (
    presentable(versionIn(readText(join(release, "package.json")))) ??
    presentable(readText(join(release, "version"))?.split("\n", 1)[0])
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
