import type { Happened } from "../format-event.js";
import { orDash } from "../format-status.js";
import { localTime } from "../format-time.js";
import type { Look } from "../print.js";
import { type Cell, formatTable } from "../table.js";
import { eventLines } from "./event-lines.js";
import { above } from "./fit.js";
import { currentPhase } from "./progress.js";
import { formatRate } from "./rates.js";
import type { Moment, Seen } from "./seen.js";

/** All instances, a row each, and what has happened in any of them. */
export function overviewPage(all: readonly Seen[], now: Moment, look: Look, rows: number): readonly string[] {
  const clock = `${localTime(now.wall).time}  q: quit`;
  const front = `${all.length} instance${all.length === 1 ? "" : "s"}`;
  const title = `${front}${" ".repeat(Math.max(2, look.width - front.length - clock.length))}${clock}`;
  const table = formatTable(
    head,
    all.map((one) => toRow(one, now)),
    look,
  );
  const heard = all
    .flatMap((one) => one.heard.map((happened) => nameIt(one.name, happened)))
    .sort((one, other) => one.at - other.at);
  const top = [look.paint("dim", title), "", ...table];
  return above([{ lines: top, atLeast: 3 }], eventLines(heard, now, look, rows), rows, look.paint);
}

function nameIt(name: string, { at, news }: Happened): Happened {
  return { at, news: { ...news, message: `${name}: ${news.message}` } };
}

const head = ["NAME", "STATE", "VERSION", "REQ/S", "FAILED/S", "PHASE", "SUMMARY"] as const;

function toRow({ name, report, failure, rates }: Seen, now: Moment): Cell[] {
  if (failure !== null || report === null) {
    return [name, { text: "?", style: "red" }, "-", "-", "-", "-", failure?.message ?? "not asked yet"];
  }
  const { generations, lifecycle, degraded, summary } = report;
  const rate = rates.all(report);
  const failed = orDash(rate, (known) => formatRate(known.failed));
  return [
    name,
    degraded === null
      ? { text: lifecycle, style: lifecycle === "running" ? "green" : "yellow" }
      : { text: "degraded", style: "red" },
    generations.find(({ phase }) => phase === "active")?.version ?? "-",
    orDash(rate, (known) => formatRate(known.requests)),
    failed === "0" || failed === "-" ? failed : { text: failed, style: "red" },
    currentPhase(report, now.wall) ?? "-",
    degraded ?? summary,
  ];
}
