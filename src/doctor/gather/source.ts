import { closeSync, constants, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../../config/config.js";
import { isNode, isShell, scriptOf } from "../../config/programs.js";
import type { SourceFile } from "../facts.js";

const mostBytes = 256 * 1024;

/** The script that the command runs: what a shell or Node is given, or the command itself if that is a script of a shell. */
export function gatherSource({
  command,
  release,
}: Pick<Config["plan"], "command" | "release">): SourceFile | null {
  if (isShell(command) || isNode(command)) {
    const script = scriptOf(command);
    return script === undefined ? null : readStart(resolve(release, script));
  }
  const itself = readStart(resolve(release, command[0] ?? ""));
  return itself !== null && /^#!.*sh\b/.test(itself.text) ? itself : null;
}

function readStart(path: string): SourceFile | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const bytes = Buffer.alloc(mostBytes);
      return { path, text: bytes.toString("utf8", 0, readSync(fd, bytes)) };
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
