import { fail, succeed } from "../../lib/failure.js";
import type { Command } from "../command.js";
import { suggest } from "../command-line.js";
import { commandHelp, helpText } from "../help-text.js";

/** `holdfast help`, `holdfast help COMMAND`, and `--help` wherever it stands. */
export const helpCommand: Command = {
  name: "help",
  argument: "[COMMAND]",
  completes: "command",
  options: [],
  summary: "this text, or what a command takes",
  run: ({ argument }, commands) => {
    const command = commands.find(({ name }) => name === argument);
    if (argument !== undefined && command === undefined) {
      const names = commands.map(({ name }) => name);
      return fail("usage", `there is no command ${argument}${suggest(argument, names)}`);
    }
    process.stdout.write(command === undefined ? helpText(commands) : commandHelp(command));
    return succeed("done");
  },
};
