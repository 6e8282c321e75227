import type { GenerationReport, ListenerReport, WorkerReport } from "../../control/replies.js";
import { sumOver } from "../../lib/counters.js";
import { formatDuration } from "../../lib/duration.js";
import { formatBytes } from "../../lib/size.js";
import { orDash, phaseCell, queueCell } from "../format-status.js";
import type { Look } from "../print.js";
import { type Cell, formatTable } from "../table.js";
import { eventLines } from "./event-lines.js";
import { above, type Section } from "./fit.js";
import { showProgress } from "./progress.js";
import { formatRate, type Rates } from "./rates.js";
import { formatAge, type Moment, type Seen } from "./seen.js";
import { titleOf } from "./title.js";

/** One instance, in so many rows: what is most urgent stays where there is little room. */
export function instancePage(seen: Seen, now: Moment, look: Look, rows: number): readonly string[] {
  const { report, heard, rates } = seen;
  const title = titleOf(seen, now, look);
  if (report === null)
    return above([{ lines: title, atLeast: 1 }], eventLines(heard, now, look, rows), rows, look.paint);
  const { generations, listeners } = report;
  const workers = generations.flatMap((generation) => generation.workers);
  const progress = showProgress(report, now.wall, look);
  const sections: readonly Section[] = [
    { lines: title, atLeast: title.length },
    { lines: progress, atLeast: Math.min(progress.length, Math.floor(0.4 * rows)) },
    table(generationHead, generations, look, (one) => generationRow(one, rates), 6),
    table(listenerHead, listeners, look, listenerRow, 3),
    table(workerHead, workers, look, workerRow, 0),
  ];
  return above(sections, eventLines(heard, now, look, rows), rows, look.paint);
}

function table<T>(
  head: readonly string[],
  items: readonly T[],
  look: Look,
  toRow: (item: T) => Cell[],
  atLeast: number,
): Section {
  const lines = items.length === 0 ? [] : ["", ...formatTable(head, items.map(toRow), look)];
  return { lines, atLeast };
}

const generationHead = ["GEN", "STATE", "VERSION", "REQ/S", "FAILED/S", "OPEN", "BUSY", "NOTE"] as const;

function generationRow(report: GenerationReport, rates: Rates): Cell[] {
  const { id, phase, version, counters, workers, detail } = report;
  const rate = rates.of(id);
  const servers = workers.flatMap((worker) => worker.servers);
  const failed = rate === null || rate.failed === 0 ? undefined : formatRate(rate.failed);
  return [
    String(id),
    phaseCell(phase),
    version ?? "-",
    orDash(rate, ({ requests }) => formatRate(requests)),
    failed === undefined ? orDash(rate, () => "0") : { text: failed, style: "red" },
    counters === null ? "-" : String(sumOver(servers, "open")),
    counters === null ? "-" : String(sumOver(servers, "inFlight")),
    detail ?? "",
  ];
}

const listenerHead = ["LISTENER", "ADDRESS", "BACKLOG", "GENERATIONS"] as const;

function listenerRow(listener: ListenerReport): Cell[] {
  return [listener.name, listener.address, queueCell(listener), listener.generations.join(" ")];
}

const workerHead = [
  "WORKER",
  "STATE",
  "PID",
  "AGE",
  "RSS",
  "LAG",
  "OPEN",
  "BUSY",
  "CRASHES",
  "STATUS",
] as const;

function workerRow(worker: WorkerReport): Cell[] {
  const { name, phase, pid, ageMs, residentBytes, lagMs, native, servers, crashes, status } = worker;
  return [
    name,
    phaseCell(phase),
    orDash(pid, String),
    orDash(ageMs, formatAge),
    orDash(residentBytes, formatBytes),
    orDash(lagMs, formatDuration),
    native ? String(sumOver(servers, "open")) : "-",
    native ? String(sumOver(servers, "inFlight")) : "-",
    crashes === 0 ? "-" : { text: String(crashes), style: "red" },
    status ?? "",
  ];
}
