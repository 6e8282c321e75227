import type { HistoryEntry } from "../../control/replies.js";
import { succeed } from "../../lib/failure.js";
import { printableJson } from "../../lib/printable.js";
import { describeOrigin } from "../asker.js";
import type { Command } from "../command.js";
import { findHistory } from "../find-history.js";
import { type Look, lookOf } from "../print.js";
import { type Cell, formatTable } from "../table.js";

/** A line a generation, newest last, or the same as JSON. */
export const historyCommand: Command = {
  name: "history",
  options: ["json"],
  summary: "the generations that ran, and why they ended",
  run: async (line) => {
    const entries = await findHistory(line);
    if (!entries.ok) return entries;
    const text = line.flags.has("json")
      ? printableJson(entries.value, 2)
      : formatHistory(entries.value, lookOf(process.stdout));
    process.stdout.write(`${text}\n`);
    return succeed("done");
  },
};

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

/** Local time, as the journal has it. */
function formatTime(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
