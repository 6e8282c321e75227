import { fail } from "../../lib/failure.js";
import { askDaemon } from "../ask-daemon.js";
import { askForUpgrade, whyOf } from "../ask-for-upgrade.js";
import type { Command } from "../command.js";

/** An upgrade to what ran before, or as the generation that is named. */
export const rollbackCommand: Command = {
  name: "rollback",
  argument: "[GENERATION]",
  options: ["message", "timeout", "no-wait"],
  summary: "an upgrade to what ran before",
  run: (line, commands) => {
    const { argument } = line;
    if (argument === undefined || /^[1-9][0-9]{0,14}$/.test(argument)) return ask(line, commands);
    const word = JSON.stringify(argument);
    return fail("usage", `${word} is not the number of a generation; \`holdfast history\` lists them`);
  },
};

const ask = askDaemon((client, line) => {
  const to = line.argument === undefined ? {} : { to: Number(line.argument) };
  const wish = { ...whyOf(line), ...to };
  return askForUpgrade(client, line, { command: "rollback", wish });
});
