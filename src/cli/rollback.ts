import type { CommandLine } from "./command-line.js";
import type { End } from "./end.js";
import { upgrade } from "./upgrade.js";

/** `holdfast rollback`: an upgrade to the release before this one. */
export async function rollback(line: CommandLine): Promise<End> {
  return upgrade(line, "rollback");
}
