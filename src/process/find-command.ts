import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

/** The file that running `command` in `directory` would execute, as execvp(3) looks for it, or why there is none. */
export function findCommand(
  command: string,
  directory: string,
  path: string | undefined,
): Result<string, Failure<"command-missing">> {
  if (command.includes("/")) {
    const file = isAbsolute(command) ? command : resolve(directory, command);
    const obstacle = obstacleTo(file);
    if (obstacle === undefined) return succeed(file);
    return fail("command-missing", `cannot run ${file}: ${obstacle}`);
  }
  const directories = (path ?? "/usr/local/bin:/usr/bin:/bin").split(":");
  for (const folder of directories) {
    const file = join(folder === "" ? directory : resolve(directory, folder), command);
    if (obstacleTo(file) === undefined) return succeed(file);
  }
  const hint = "install it, or write its absolute path in `command`";
  return fail("command-missing", `cannot find the command ${command} in ${directories.join(":")}; ${hint}`);
}

function obstacleTo(file: string): string | undefined {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return "there is no such file";
    if (!stats.isFile()) return "it is not a file";
  } catch (error) {
    return messageOf(error);
  }
  try {
    accessSync(file, constants.X_OK);
    return undefined;
  } catch {
    return "it is not executable (chmod +x)";
  }
}
