import { succeed } from "../../lib/failure.js";
import { printableJson } from "../../lib/printable.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { formatStatus } from "../format-status.js";
import { lookOf } from "../print.js";

/** A page for people, or the daemon's report as JSON. */
export const statusCommand: Command = {
  name: "status",
  options: ["json"],
  summary: "what runs: generations, workers, listeners",
  run: askDaemon(async (client, { flags }) => {
    const report = await client.status();
    if (!report.ok) return report;
    const text = flags.has("json")
      ? printableJson(report.value, 2)
      : formatStatus(report.value, Date.now(), lookOf(process.stdout));
    process.stdout.write(`${text}\n`);
    return succeed(report.value.degraded === null ? "done" : "degraded");
  }),
};
