import { succeed } from "../../lib/failure.js";
import type { Command } from "../command.js";
import { helpText } from "../help-text.js";

export const helpCommand: Command = {
  name: "help",
  options: [],
  summary: "this text",
  run: (_, commands) => {
    process.stdout.write(helpText(commands));
    return succeed("done");
  },
};
