import type { StatusReport } from "../../control/replies.js";
import { succeed } from "../../lib/failure.js";
import { printableJson } from "../../lib/printable.js";
import { askDaemon, surroundings } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { findSeveral } from "../find-socket.js";
import { formatStatus } from "../format-status.js";
import { layOutput, readLastOutput } from "../last-output.js";
import { lookOf, say } from "../print.js";

/** A page for people, or the daemon's report as JSON; of several instances a line each. With `--watch` live. */
export const statusCommand: Command = {
  name: "status",
  options: ["json", "watch"],
  contradictions: [["json", "watch", "one is for programs, the other for people"]],
  summary: "what runs: generations, workers, listeners",
  run: async (line, commands) => {
    const named = line.name !== undefined || line.socket !== undefined;
    const several = named ? [] : findSeveral(surroundings());
    if (line.flags.has("watch")) return (await import("../watch/watch.js")).watch(line, several);
    if (several.length === 0) return showOne(line, commands);
    return (await import("../list-instances.js")).listInstances(line, several);
  },
};

const showOne = askDaemon(async (client, { flags }) => {
  const report = await client.status();
  if (!report.ok) return report;
  const text = flags.has("json")
    ? printableJson(report.value, 2)
    : formatStatus(report.value, Date.now(), lookOf(process.stdout));
  process.stdout.write(`${text}\n`);
  if (!flags.has("json")) await tellWhyItFailed(report.value);
  return succeed(report.value.degraded === null ? "done" : "degraded");
});

/** What the generation wrote that did not come to serve, or what its check printed. */
async function tellWhyItFailed({ name, unit, pid, lastUpgrade }: StatusReport): Promise<void> {
  const { failure = null, generation = null } = lastUpgrade ?? {};
  if (failure === null || generation === null) return;
  const lines = failure.output?.split("\n") ?? (await readLastOutput({ name, unit, pid, generation }));
  if (lines.length > 0) say(["", ...layOutput(generation, lines)].join("\n"));
}
