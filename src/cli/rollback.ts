import { fail } from "../lib/failure.js";
import type { CommandLine } from "./command-line.js";
import type { End } from "./end.js";
import { upgrade } from "./upgrade.js";

/** `holdfast rollback`: an upgrade to what ran before, or as the generation that is named. */
export async function rollback(line: CommandLine): Promise<End> {
  const { argument } = line;
  if (argument !== undefined && !/^[1-9][0-9]{0,14}$/.test(argument)) {
    const word = JSON.stringify(argument);
    return fail("usage", `${word} is not the number of a generation; \`holdfast history\` lists them`);
  }
  return upgrade(line, "rollback", argument === undefined ? {} : { to: Number(argument) });
}
