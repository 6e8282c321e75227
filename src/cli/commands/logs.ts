import { fail } from "../../lib/failure.js";
import type { Command } from "../command.js";

/** What the journal has of the service, or of one generation: of its workers, and what the daemon says of it. */
export const logsCommand: Command = {
  name: "logs",
  argument: "[GENERATION]",
  options: ["follow"],
  summary: "what daemon and workers have logged",
  run: async (line) => {
    const { argument } = line;
    if (argument === undefined || /^[1-9][0-9]{0,14}$/.test(argument))
      return (await import("../show-logs.js")).showLogs(line);
    const word = JSON.stringify(argument);
    return fail("usage", `${word} is not the number of a generation; \`holdfast history\` lists them`);
  },
};
