import type { HistoryEntry } from "../../control/replies.js";
import type { AccountReport } from "../../lib/account.js";
import type { CounterName } from "../../lib/counters.js";
import { formatDuration } from "../../lib/duration.js";
import { formatTime } from "../../lib/local-time.js";
import { describeOrigin } from "../asker.js";
import { describeDeaths, howOften } from "../figures.js";
import { type Look, type Mark, paragraph } from "../print.js";
import { responseColumns } from "../response-columns.js";
import { type Cell, formatTable } from "../table.js";
import { orNotMeasured, type Side } from "./sides.js";

const connectionCounters: readonly (readonly [heading: string, CounterName])[] = [
  ["ACCEPTED", "accepted"],
  ["FINISHED", "finished"],
  ["MOVED", "moved"],
  ["ADOPTED", "adopted"],
  ["CUT", "cut"],
];

/** The page of `holdfast history GENERATION`: what is known of it, and the account of the upgrade that made it. */
export function formatEntry(entry: HistoryEntry, look: Look): string {
  const { generation, version, release, commit, from, to, note, account } = entry;
  const sentence = (text: string, mark?: Mark): readonly string[] => paragraph(text, look, mark);
  const named = version === null ? "" : `, version ${version}`;
  const lines = [
    ...sentence(`${note}`, { text: `generation ${generation}${named}:`, style: "bold" }),
    ...sentence(`release ${release}${commit === null ? "" : `, commit ${commit.slice(0, 10)}`}`),
    ...sentence(`from ${formatTime(from)}${to === null ? "" : ` to ${formatTime(to)}`}`),
  ];
  if (account === null) {
    return [...lines, "", ...sentence("no account of its upgrade was written down")].join("\n");
  }
  return [...lines, "", ...formatAccount(account, look)].join("\n");
}

/** The account of an upgrade in words and tables. */
export function formatAccount(account: AccountReport, look: Look): readonly string[] {
  const sentence = (text: string, mark?: Mark): readonly string[] => paragraph(text, look, mark);
  const { upgrade, kind, asked, failure, startedAt, endedAt, phases } = account;
  const message = asked?.message ?? null;
  const over = endedAt === null ? "it is not over yet" : `over after ${formatDuration(endedAt - startedAt)}`;
  return [
    ...sentence(`${kind}, ${over}`, { text: `upgrade ${upgrade}:`, style: "bold" }),
    ...sentence(`asked for ${formatTime(startedAt)} by ${describeOrigin({ kind, asked })}`),
    ...(message === null ? [] : sentence(message, { text: "why:", style: "dim" })),
    ...describeVerdict(account, look),
    ...(failure === null ? [] : sentence(failure.message, { text: "failed:", style: "red" })),
    ...table(["PHASE", "AFTER", "TOOK"], phases, look, ({ phase, afterMs, tookMs }) => [
      phase,
      formatDuration(afterMs),
      tookMs === null ? "goes on" : formatDuration(tookMs),
    ]),
    ...countTable("CONNECTIONS", connectionCounters, account, look),
    ...countTable("RESPONSES", responseColumns, account, look),
    "",
    ...describeSilent(account).flatMap((line) => sentence(line)),
    ...tellDeaths(account).flatMap((line) => sentence(line)),
    ...describeWitness(account).flatMap((line) => sentence(line)),
  ];
}

function describeVerdict({ verdict }: AccountReport, look: Look): readonly string[] {
  if (verdict === null) return [];
  const why = verdict.kind === "rejected" ? `rejected: ${verdict.failure.message}` : verdict.kind;
  const style = { proved: "green", replaced: "yellow", rejected: "red" } as const;
  return paragraph(why, look, { text: "verdict:", style: style[verdict.kind] });
}

/** A row for each listener of the old and of the new; none of those whose workers are plain. */
function countTable(
  title: string,
  counters: readonly (readonly [heading: string, CounterName])[],
  account: AccountReport,
  look: Look,
): readonly string[] {
  const rows = sidesOf(account)
    .flatMap(({ side, which }) =>
      (side.listeners ?? []).map((counts) => ({ ...counts, whose: `${side.generation} ${which}` })),
    )
    .sort((one, other) => (one.listener === other.listener ? 0 : one.listener < other.listener ? -1 : 1));
  const head = [title, "GENERATION", ...counters.map(([heading]) => heading)];
  return table(head, rows, look, (row) => [
    row.listener,
    row.whose,
    ...counters.map(([, name]) => String(row[name])),
  ]);
}

function describeSilent(account: AccountReport): readonly string[] {
  const silent = sidesOf(account).filter(({ side }) => side.listeners === null);
  if (silent.length === 0) return [];
  const generations = silent.map(({ side, which }) => `generation ${side.generation} (${which})`);
  return [
    `connections and responses of ${generations.join(" and ")}: not measured, for plain workers tell nothing`,
  ];
}

function sidesOf({ old, new: own }: AccountReport): readonly { side: Side; which: "old" | "new" }[] {
  return [
    ...(old === null ? [] : [{ side: old, which: "old" as const }]),
    ...(own === null ? [] : [{ side: own, which: "new" as const }]),
  ];
}

function tellDeaths(account: AccountReport): readonly string[] {
  return sidesOf(account).map(
    ({ side: { generation, deaths }, which }) =>
      `generation ${generation} (${which}): ${describeDeaths(deaths)}`,
  );
}

/** What the kernel has seen, a line each. */
function describeWitness({ witness }: AccountReport): readonly string[] {
  if (witness === null) return ["the kernel: not measured"];
  const { overflows, drops, backlogs, stillMs } = witness;
  const backlog =
    backlogs.length === 0
      ? ["fullest queue: not measured"]
      : backlogs.map(({ listener, queued, limit }) => `fullest queue of ${listener}: ${queued} of ${limit}`);
  return [
    `all queues of this machine (its network namespace) overflowed: ${orNotMeasured(overflows, howOften)}; connections that they dropped: ${orNotMeasured(drops, String)}`,
    ...backlog,
    `longest time in which clients waited and nobody accepted: ${orNotMeasured(stillMs, formatDuration)}`,
  ];
}

function table<T>(
  head: readonly string[],
  items: readonly T[],
  look: Look,
  toRow: (item: T) => Cell[],
): readonly string[] {
  return items.length === 0 ? [] : ["", ...formatTable(head, items.map(toRow), look)];
}
