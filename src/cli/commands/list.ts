import type { Command } from "../command.js";

/** Every instance of the machine that this user can see, a line each. */
export const listCommand: Command = {
  name: "list",
  alone: true,
  options: ["json"],
  summary: "all instances, a line each",
  run: async (line) => (await import("../list-instances.js")).listInstances(line),
};
