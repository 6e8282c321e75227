import type { Command } from "../command.js";
import { readGeneration } from "../generation-argument.js";

/** What the journal has of the service, or of one generation: of its workers, and what the daemon says of it. */
export const logsCommand: Command = {
  name: "logs",
  argument: "[GENERATION]",
  options: ["follow"],
  summary: "what daemon and workers have logged",
  run: async (line) => {
    const generation = readGeneration(line.argument);
    if (!generation.ok) return generation;
    return (await import("../show-logs.js")).showLogs(line, generation.value);
  },
};
