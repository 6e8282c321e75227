import type { Command } from "../command.js";

/** What is wrong with instances and their surroundings, each with the line to change. Changes nothing. */
export const doctorCommand: Command = {
  name: "doctor",
  argument: "[NAME|UNIT]",
  completes: "config",
  alone: true,
  options: ["json", "config"],
  summary: "check unit, config and machine before it hurts",
  run: async (line) => (await import("../diagnose.js")).diagnose(line),
};
