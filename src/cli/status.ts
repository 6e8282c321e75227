import { styleText } from "node:util";
import { succeed } from "../lib/failure.js";
import type { CommandLine } from "./command-line.js";
import { connect } from "./connect.js";
import type { End } from "./end.js";
import { formatStatus } from "./format-status.js";

/** `holdfast status`: a page for people, or the daemon's report as JSON. */
export async function status(line: CommandLine): Promise<End> {
  const client = connect(line);
  if (!client.ok) return client;
  const report = await client.value.status();
  if (!report.ok) return report;
  const colour = process.stdout.isTTY && !process.env["NO_COLOR"];
  const text = line.json
    ? JSON.stringify(report.value, null, 2)
    : formatStatus(report.value, Date.now(), colour ? styleText : (_, plain) => plain);
  process.stdout.write(`${text}\n`);
  return succeed(report.value.degraded === null ? "done" : "degraded");
}
