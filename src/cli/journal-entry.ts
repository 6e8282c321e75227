import type { News } from "../model/event.js";
import type { Happened } from "./format-event.js";

/** An entry of the daemon's as journalctl(1) prints it as JSON; undefined for any other, as of a broken line. systemd.journal-fields(7) */
export function readJournalEntry(text: string): Happened | undefined {
  const fields = readFields(text);
  const event = fields?.get("HOLDFAST_EVENT");
  const message = fields?.get("MESSAGE");
  const microseconds = Number(fields?.get("__REALTIME_TIMESTAMP"));
  if (fields === undefined || event === undefined || message === undefined || !(microseconds > 0))
    return undefined;
  const number = (name: "generation" | "pid" | "upgrade"): Partial<News> => {
    const value = Number(fields.get(`HOLDFAST_${name.toUpperCase()}`) ?? Number.NaN);
    return Number.isSafeInteger(value) ? { [name]: value } : {};
  };
  const worker = fields.get("HOLDFAST_WORKER");
  const news: News = {
    event,
    level: levels.get(fields.get("PRIORITY") ?? "") ?? "info",
    message,
    ...number("generation"),
    ...(worker !== undefined && { worker }),
    ...number("pid"),
    ...number("upgrade"),
  };
  return { at: microseconds / 1_000, news };
}

const levels: ReadonlyMap<string, News["level"]> = new Map([
  ["3", "error"],
  ["4", "warning"],
]);

/** As texts. One that is not printable is printed as its bytes; of one that is there several times the first is taken. */
function readFields(text: string): ReadonlyMap<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = Object.entries(value).map(([name, field]): [string, string] => {
    return [name, textOf(field)];
  });
  return new Map(fields);
}

function textOf(field: unknown): string {
  if (!Array.isArray(field)) return String(field);
  return typeof field[0] === "number" ? Buffer.from(field.map(Number)).toString("utf8") : textOf(field[0]);
}
