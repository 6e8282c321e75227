import { localTime } from "../../lib/local-time.js";
import type { Happened } from "../format-event.js";
import { orDash } from "../format-status.js";
import type { Look } from "../print.js";
import { type Cell, formatTable } from "../table.js";
import { eventLines } from "./event-lines.js";
import { above } from "./fit.js";
import { currentPhase } from "./progress.js";
import { formatRate } from "./rates.js";
import type { Moment, Seen } from "./seen.js";
import { spread } from "./title.js";

/** All instances, a row each, and what has happened in any of them. */
export function overviewPage(all: readonly Seen[], now: Moment, look: Look, rows: number): readonly string[] {
  const clock = `${localTime(now.wall).time}  q: quit`;
  const front = `${all.length} instance${all.length === 1 ? "" : "s"}`;
  const title = spread(front, clock, look.width);
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

const head = ["NAME", "STATE", "GEN", "VERSION", "READY", "REQ/S", "FAILED/S", "PHASE", "NOTE"] as const;

function toRow({ name, report, failure, rates }: Seen, now: Moment): Cell[] {
  if (failure !== null || report === null) {
    const unknown = ["-", "-", "-", "-", "-", "-"];
    return [name, { text: "?", style: "red" }, ...unknown, failure?.message ?? "not asked yet"];
  }
  const { generations, lifecycle, degraded } = report;
  const active = generations.find(({ phase }) => phase === "active");
  const ready = active?.workers.filter(({ phase }) => phase === "ready").length;
  const rate = rates.all(report);
  const failed = orDash(rate, (known) => formatRate(known.failed));
  return [
    name,
    degraded === null
      ? { text: lifecycle, style: lifecycle === "running" ? "green" : "yellow" }
      : { text: "degraded", style: "red" },
    String(active?.id ?? "-"),
    active?.version ?? "-",
    active === undefined ? "-" : `${ready}/${active.workers.length}`,
    orDash(rate, (known) => formatRate(known.requests)),
    failed === "0" || failed === "-" ? failed : { text: failed, style: "red" },
    currentPhase(report, now.wall) ?? "-",
    degraded ?? "",
  ];
}
