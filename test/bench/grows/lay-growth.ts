import { spread } from "../compare/lay-table.js";
import { median } from "../figures.js";
import type { Growth } from "./growing-service.js";

/** What is counted, and which time grows with it: that of the command, or that from the first new response until the old workers are gone. */
export interface Dimension {
  /** `listener`; the plural has an s. */
  readonly what: string;
  readonly grows: "command" | "handOver";
}

/** All upgrades of a service of one size, or why there were none. */
export interface Point {
  readonly size: number;
  readonly upgrades: readonly Growth[];
  /** What there is to say besides: what was lost, why it failed. */
  readonly remark: string;
}

const TITLES = [
  "command done, ms",
  "first new response, ms",
  "old workers gone, ms",
  "daemon's own memory, MB",
  "each one more",
  "",
];

/** One table in Markdown, a line for each point; each but the first of a dimension says what each one more has cost since the one before. */
export function layGrowth(all: readonly (readonly [Dimension, readonly Point[]])[]): string {
  const lines = all.flatMap(([dimension, points]) =>
    points.map((point, at) => [
      `${point.size.toLocaleString("en")} ${dimension.what}${point.size === 1 ? "" : "s"}`,
      ...(["doneMs", "firstMs", "goneMs", "daemonMb"] as const).map((key) =>
        spread(point.upgrades.map((upgrade) => upgrade[key])),
      ),
      nameSlope(dimension, points[at - 1], point),
      point.remark,
    ]),
  );
  const rows = [["", ...TITLES], ["---", ...TITLES.slice(1).map(() => "--:"), "---"], ...lines];
  return rows.map((cells) => `| ${cells.join(" | ")} |`.replaceAll(/ {2,}/g, " ")).join("\n");
}

/** By the medians: 1,000 files more that take 20 ms longer are `0.02 ms`. */
function nameSlope({ what, grows }: Dimension, before: Point | undefined, { size, upgrades }: Point): string {
  if (before === undefined || before.upgrades.length === 0 || upgrades.length === 0) return "";
  const read = {
    command: ({ doneMs }: Growth) => doneMs,
    handOver: ({ goneMs, firstMs }: Growth) => goneMs - firstMs,
  };
  const at = (growths: readonly Growth[]) => median(growths.map(read[grows]));
  const slope = (at(upgrades) - at(before.upgrades)) / (size - before.size);
  return `${Number(slope.toPrecision(2))} ms a ${what}`;
}
