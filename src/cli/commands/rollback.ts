import { askDaemon } from "../ask-daemon.js";
import { askForUpgrade, whyOf } from "../ask-for-upgrade.js";
import type { Command } from "../command.js";
import { readGeneration } from "../generation-argument.js";

/** An upgrade to what ran before, or as the generation that is named. */
export const rollbackCommand: Command = {
  name: "rollback",
  argument: "[GENERATION]",
  options: ["message", "timeout", "no-wait", "quiet", "json"],
  contradictions: [["quiet", "json", "one tells nothing, and the other all"]],
  summary: "an upgrade to what ran before",
  run: (line, commands) => {
    const generation = readGeneration(line.argument);
    if (!generation.ok) return generation;
    const to = generation.value === undefined ? {} : { to: generation.value };
    const wish = { ...whyOf(line), ...to };
    return askDaemon((client) => askForUpgrade(client, line, { command: "rollback", wish }))(line, commands);
  },
};
