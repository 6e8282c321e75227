import type { HistoryEntry } from "../../control/replies.js";
import { succeed } from "../../lib/failure.js";
import { formatTime } from "../../lib/local-time.js";
import { printableJson } from "../../lib/printable.js";
import { describeOrigin } from "../asker.js";
import type { Command, CommandLine, End } from "../command.js";
import { findEntry, findHistory } from "../find-history.js";
import { readGeneration } from "../generation-argument.js";
import { type Look, lookOf } from "../print.js";
import { type Cell, formatTable } from "../table.js";

/** A line a generation, newest last; of one of them the account of its upgrade. Or the same as JSON. */
export const historyCommand: Command = {
  name: "history",
  argument: "[GENERATION]",
  options: ["json"],
  summary: "the generations that ran, and why they ended; of one, the account of its upgrade",
  run: async (line) => {
    const generation = readGeneration(line.argument);
    if (!generation.ok) return generation;
    if (generation.value !== undefined) return showEntry(line, generation.value);
    const entries = await findHistory(line);
    if (!entries.ok) return entries;
    const text = line.flags.has("json")
      ? printableJson(entries.value, 2)
      : formatHistory(entries.value, lookOf(process.stdout));
    process.stdout.write(`${text}\n`);
    return succeed("done");
  },
};

async function showEntry(line: CommandLine, id: number): Promise<End> {
  const entry = await findEntry(line, id);
  if (!entry.ok) return entry;
  const { formatEntry } = await import("../account/format-account.js");
  const text = line.flags.has("json")
    ? printableJson(entry.value, 2)
    : formatEntry(entry.value, lookOf(process.stdout));
  process.stdout.write(`${text}\n`);
  return succeed("done");
}

/** A commit and a message are shown where there are any. */
function formatHistory(entries: readonly HistoryEntry[], look: Look): string {
  const shown = columns.filter(({ title, cell }) => {
    return !optional.has(title) || entries.some((entry) => cell(entry) !== "-");
  });
  const rows = entries.map((entry) => shown.map(({ cell }) => cell(entry)));
  return formatTable(
    shown.map(({ title }) => title),
    rows,
    look,
  ).join("\n");
}

const columns: readonly { readonly title: string; readonly cell: (entry: HistoryEntry) => Cell }[] = [
  { title: "GENERATION", cell: ({ generation }) => String(generation) },
  { title: "VERSION", cell: ({ version }) => version ?? "-" },
  { title: "COMMIT", cell: ({ commit }) => commit?.slice(0, 10) ?? "-" },
  { title: "FROM", cell: ({ from }) => formatTime(from) },
  { title: "TO", cell: ({ to }) => (to === null ? "-" : formatTime(to)) },
  { title: "BY", cell: ({ origin }) => describeOrigin(origin) },
  { title: "ROLLBACK", cell: rollbackCell },
  { title: "RELEASE", cell: ({ release }) => release },
  { title: "MESSAGE", cell: ({ origin }) => origin?.asked?.message ?? "-" },
  { title: "NOTE", cell: ({ note }) => note.split("\n", 1)[0] ?? "" },
];

const optional: ReadonlySet<string> = new Set(["COMMIT", "MESSAGE"]);

/** Whether a rollback can return to it: to the `next` one where it names none, to the rejected one only where it is named. */
function rollbackCell({ returnable, rejected, wayBack }: HistoryEntry): Cell {
  if (rejected) return { text: "rejected", style: "red" };
  if (wayBack) return { text: "next", style: "green" };
  return returnable ? "yes" : "-";
}
