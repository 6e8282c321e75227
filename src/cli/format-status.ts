import type {
  GenerationReport,
  ListenerReport,
  MetricsReport,
  StatusReport,
  WorkerReport,
} from "../control/replies.js";
import { type CounterName, type GaugeName, sumOver } from "../lib/counters.js";
import { formatDuration } from "../lib/duration.js";
import { formatBytes } from "../lib/size.js";
import type { WallTime } from "../model/clock.js";
import type { Outcome } from "../model/upgrade-state.js";
import { describeNumbers, rejectedHead, rejectedRow } from "./format-proof.js";
import { type Look, type Mark, paragraph, type Style } from "./print.js";
import { responseColumns } from "./response-columns.js";
import { type Cell, formatTable } from "./table.js";

const phaseStyles: Readonly<Record<GenerationReport["phase"] | WorkerReport["phase"], Style>> = {
  active: "green",
  ready: "green",
  candidate: "cyan",
  held: "cyan",
  spawning: "cyan",
  starting: "cyan",
  waiting: "red",
  stopping: "yellow",
  draining: "yellow",
};

/** What the page shows of the counters, and under which heading. */
const workerCounters: readonly (readonly [heading: string, CounterName | GaugeName])[] = [
  ["OPEN", "open"],
  ["BUSY", "inFlight"],
  ["REQUESTS", "requests"],
  ["MOVED", "moved"],
  ["FINISHED", "finished"],
  ["CUT", "cut"],
];
const totalCounters: readonly (readonly [heading: string, CounterName])[] = [
  ["ACCEPTED", "accepted"],
  ["REQUESTS", "requests"],
  ["MOVED", "moved"],
  ["FINISHED", "finished"],
  ["CUT", "cut"],
];

function describeMetrics(metrics: MetricsReport): readonly string[] {
  if (metrics === null) return [];
  const { addresses, problem } = metrics;
  return [
    ...addresses.map((address) => `metrics at ${address}`),
    ...(problem === null ? [] : [`warning: ${problem}`]),
  ];
}

/** The page of `holdfast status`. */
export function formatStatus(report: StatusReport, now: WallTime, look: Look): string {
  const { name, version, pid, unit, summary, degraded, generations, listeners, notifyDropped } = report;
  const workers = generations.flatMap((generation) => generation.workers);
  const head = [...sentence(summary, { text: `${name}:`, style: "bold" })];
  if (degraded !== null) head.push(...sentence(degraded, { text: "degraded:", style: "red" }));
  const lines: string[] = [];
  lines.push(`daemon ${version}, pid ${pid}${unit === null ? "" : `, ${unit}`}`);
  if (report.upMs !== null) lines.push(`up ${formatDuration(report.upMs)}`);
  if (report.lastUpgrade !== null) lines.push(`last upgrade: ${describeOutcome(report.lastUpgrade, now)}`);
  for (const { proof } of generations) if (proof !== null) lines.push(...describeNumbers(proof));
  lines.push(...describeMetrics(report.metrics));
  if (notifyDropped > 0)
    lines.push(`${notifyDropped} notify message(s) dropped that another worker sent or nobody understands`);
  for (const { directory, paths, line } of report.written) {
    const where = `written beside the code, in ${directory}: ${paths.join(", ")}`;
    lines.push(`${where}; if it is data, copy it to the release and add to the config: ${line}`);
  }
  const tables = [
    table(["GENERATION", "STATE", "AGE", "VERSION", "RELEASE", "NOTE"], generations, (one) =>
      generationRow(one, now),
    ),
    table(
      [
        "WORKER",
        "STATE",
        "PID",
        "AGE",
        "RSS",
        ...workerCounters.map(([heading]) => heading),
        "CRASHES",
        "STATUS",
      ],
      workers,
      workerRow,
    ),
    table(["LISTENER", "ADDRESS", "ORIGIN", "BACKLOG", "GENERATIONS"], listeners, listenerRow),
    totalsTable("TOTAL OF", totalCounters, report.totals),
    totalsTable("RESPONSES OF", responseColumns, report.totals.filter(answers)),
    table(rejectedHead, report.rejected, (one) => rejectedRow(one, now)),
  ];
  return [...head, ...lines.flatMap((line) => sentence(line)), ...tables.flat()].join("\n");

  function sentence(text: string, mark?: Mark): readonly string[] {
    return paragraph(text, look, mark);
  }

  function totalsTable(
    title: string,
    counters: readonly (readonly [heading: string, CounterName])[],
    totals: StatusReport["totals"],
  ): string[] {
    return table([title, ...counters.map(([heading]) => heading)], totals, (total) => [
      total.listener,
      ...counters.map(([, name]) => String(total[name])),
    ]);
  }

  function table<T>(head: readonly string[], items: readonly T[], toRow: (item: T) => Cell[]): string[] {
    return items.length === 0 ? [] : ["", ...formatTable(head, items.map(toRow), look)];
  }
}

function generationRow(report: GenerationReport, now: WallTime): Cell[] {
  const { id, phase, detail, release, version, createdAt } = report;
  const age = formatDuration(now - createdAt);
  return [String(id), phaseCell(phase), age, version ?? "-", release, detail ?? ""];
}

function workerRow(worker: WorkerReport): Cell[] {
  const { name, phase, pid, ageMs, residentBytes, crashes, native, servers, status } = worker;
  return [
    name,
    phaseCell(phase),
    orDash(pid, String),
    orDash(ageMs, formatDuration),
    orDash(residentBytes, formatBytes),
    // A plain worker does not tell.
    ...workerCounters.map(([, name]) => (native ? String(sumOver(servers, name)) : "-")),
    crashes === 0 ? "-" : { text: String(crashes), style: "red" },
    status ?? "",
  ];
}

function listenerRow(listener: ListenerReport): Cell[] {
  const { name, address, origin, generations } = listener;
  return [name, address, origin, queueCell(listener), generations.join(" ")];
}

/** How many wait to be accepted; red where they wait in vain. */
export function queueCell({ backlog, stalledMs, down }: ListenerReport): Cell {
  if (down !== null) return { text: "down", style: "red" };
  const queue = orDash(backlog, ({ queued, limit }) => `${queued}/${limit}`);
  return stalledMs === null
    ? queue
    : { text: `${queue} still for ${formatDuration(stalledMs)}`, style: "red" };
}

function answers(total: StatusReport["totals"][number]): boolean {
  return responseColumns.some(([, name]) => total[name] > 0);
}

function describeOutcome({ kind, generation, failure, endedAt, tookMs }: Outcome, now: WallTime): string {
  const ago = `${formatDuration(now - endedAt)} ago`;
  const target = generation === null ? "" : ` to generation ${generation}`;
  if (failure !== null) return `${kind}${target} failed ${ago}: ${failure.message}`;
  return `${kind}${target}, ${ago}, took ${formatDuration(tookMs)}`;
}

export function phaseCell(phase: keyof typeof phaseStyles): Cell {
  return { text: phase, style: phaseStyles[phase] };
}

export function orDash<T>(value: T | null, format: (value: T) => string): string {
  return value === null ? "-" : format(value);
}
