import { median } from "../figures.js";
import type { Observed } from "./observe-upgrade.js";
import { readVisit, type Seen } from "./read-visit.js";
import type { System } from "./system.js";

/** One upgrade of one system. */
export interface Run {
  readonly system: System;
  readonly observed: Observed;
}

/** One run's figure: a number, or why there is none. */
type Figure = number | string;
type Column = readonly [title: string, read: (seen: Seen, observed: Observed, system: System) => Figure];

const CLIENTS: readonly Column[] = [
  ["requests", ({ requests }) => requests],
  ["lost", ({ lost }) => lost],
  ["reopened", ({ reopened }) => reopened],
  ["WebSockets dropped", ({ dropped }, _, { talks }) => (talks ? dropped : "–")],
  ["longest gap, ms", ({ longestGapMs }) => longestGapMs],
  ["slowest response, ms", ({ slowestMs }) => slowestMs],
  ["visitors' own longest stall, ms", ({ longestStallMs }) => longestStallMs],
];

const COSTS: readonly Column[] = [
  ["first new response, ms", ({ firstNewMs }) => firstNewMs ?? "never"],
  ["old processes gone, ms", (_, { upgrade }) => readGone(upgrade)],
  ["memory before, MB", (_, { memoryBeforeMb }) => memoryBeforeMb],
  ["memory at the peak, MB", (_, { memoryPeakMb }) => memoryPeakMb],
];

/** A table of what clients saw and one of what it took, in Markdown, as they stand in the documentation: a line for each system. */
export function layTables(runs: readonly Run[], newVersion: string): string {
  return [CLIENTS, COSTS].map((columns) => layTable(runs, newVersion, columns)).join("\n\n");
}

function layTable(runs: readonly Run[], newVersion: string, columns: readonly Column[]): string {
  const systems = [...new Set(runs.map(({ system }) => system))];
  const lines = systems.map((system) => {
    const own = runs.filter((run) => run.system === system);
    const cells = columns.map(([, read]) =>
      spread(
        own.map(({ observed }) =>
          read(readVisit(observed.visit, observed.upgrade, newVersion), observed, system),
        ),
      ),
    );
    return [system.name, ...cells];
  });
  const titles = columns.map(([title]) => title);
  const rows = [["", ...titles], ["---", ...titles.map(() => "--:")], ...lines];
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** `19 (17 to 24)`: the median, the least and the most. */
export function spread(figures: readonly Figure[]): string {
  const numbers = figures.filter((figure) => typeof figure === "number").map(Math.round);
  const words = [...new Set(figures.filter((figure) => typeof figure === "string"))];
  if (numbers.length === 0) return words.join(", ");
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const text = least === most ? String(least) : `${median(numbers)} (${least} to ${most})`;
  return words.length === 0 ? text : `${text}, ${words.join(", ")}`;
}

function readGone({ beganAtMs, old }: Observed["upgrade"]): Figure {
  switch (old.what) {
    case "none":
      return "the same process";
    case "there":
      return "still there";
    case "gone":
      return old.atMs - beganAtMs;
  }
}
