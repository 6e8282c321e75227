import { type Failure, fail, type Result, succeed } from "../lib/failure.js";

/** [GENERATION] of a command line: its number, undefined where none is named. */
export function readGeneration(argument: string | undefined): Result<number | undefined, Failure<"usage">> {
  if (argument === undefined) return succeed(undefined);
  if (/^[1-9][0-9]{0,14}$/.test(argument)) return succeed(Number(argument));
  const word = JSON.stringify(argument);
  return fail("usage", `${word} is not the number of a generation; \`holdfast history\` lists them`);
}
