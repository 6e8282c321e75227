import type { Command } from "../command.js";

export const reapCommand: Command = {
  name: "reap",
  options: ["timeout"],
  summary: "for ExecStopPost=: end workers that a dead daemon left behind",
  run: async (line) => (await import("../reap-workers.js")).reapWorkers(line),
};
