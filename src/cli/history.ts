import { styleText } from "node:util";
import type { HistoryEntry } from "../control/port.js";
import { succeed } from "../lib/failure.js";
import type { CommandLine } from "./command-line.js";
import { connect } from "./connect.js";
import type { End } from "./end.js";
import { printable } from "./print.js";
import { type Cell, formatTable } from "./table.js";

/** `holdfast history`: a line a generation, newest last, or the same as JSON. */
export async function history(line: CommandLine): Promise<End> {
  const client = connect(line);
  if (!client.ok) return client;
  const entries = await client.value.history();
  if (!entries.ok) return entries;
  const colour = process.stdout.isTTY && !process.env["NO_COLOR"];
  const head = ["GENERATION", "VERSION", "FROM", "TO", "ROLLBACK", "RELEASE", "NOTE"];
  const text = line.json
    ? JSON.stringify(entries.value, null, 2)
    : formatTable(head, entries.value.map(toRow), colour ? styleText : (_, plain) => plain).join("\n");
  process.stdout.write(`${text}\n`);
  return succeed("done");
}

function toRow({ generation, version, from, to, returnable, release, note }: HistoryEntry): Cell[] {
  const [firstLine = ""] = note.split("\n", 1);
  return [
    String(generation),
    // A release without a version is told by its time.
    printable(version ?? formatTime(from)),
    formatTime(from),
    to === null ? "-" : formatTime(to),
    returnable ? "yes" : "-",
    printable(release),
    printable(firstLine),
  ];
}

/** Local time, as the journal has it. */
function formatTime(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
