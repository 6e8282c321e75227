import { succeed } from "../../lib/failure.js";
import { printableJson } from "../../lib/printable.js";
import { askDaemon, surroundings } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { findSeveral } from "../find-socket.js";
import { formatStatus } from "../format-status.js";
import { lookOf } from "../print.js";

/** A page for people, or the daemon's report as JSON; of several instances a line each. */
export const statusCommand: Command = {
  name: "status",
  options: ["json"],
  summary: "what runs: generations, workers, listeners",
  run: async (line, commands) => {
    const one =
      line.name !== undefined || line.socket !== undefined || findSeveral(surroundings()).length === 0;
    return one ? showOne(line, commands) : (await import("../list-instances.js")).listInstances(line);
  },
};

const showOne = askDaemon(async (client, { flags }) => {
  const report = await client.status();
  if (!report.ok) return report;
  const text = flags.has("json")
    ? printableJson(report.value, 2)
    : formatStatus(report.value, Date.now(), lookOf(process.stdout));
  process.stdout.write(`${text}\n`);
  return succeed(report.value.degraded === null ? "done" : "degraded");
});
