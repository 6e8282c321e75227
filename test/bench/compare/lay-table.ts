import type { Observed } from "./observe-upgrade.js";
import { readVisit } from "./read-visit.js";
import { STALL_MS } from "./visit.js";

/** A column for each system, in Markdown, as it stands in the documentation. */
export function layTable(all: readonly Observed[], newVersion: string): string {
  const rows = all.map(({ visit, upgrade, memoryBeforeMb, memoryPeakMb }) => {
    const seen = readVisit(visit, upgrade, newVersion);
    const inMs = (ms: number | null) => (ms === null ? "never" : `${ms.toFixed(0)} ms`);
    const goneMs = upgrade.oldGoneAtMs === null ? null : upgrade.oldGoneAtMs - upgrade.beganAtMs;
    return [
      ["requests lost", `${seen.lost} of ${seen.requests}`],
      ["connections reopened", String(seen.reopened)],
      ["WebSockets dropped", String(seen.dropped)],
      ["longest gap", inMs(seen.longestGapMs)],
      ["slowest response", inMs(seen.slowestMs)],
      [
        "visitors' own longest stall",
        seen.longestStallMs < STALL_MS ? `under ${STALL_MS} ms` : inMs(seen.longestStallMs),
      ],
      ["first new response", inMs(seen.firstNewMs)],
      ["old processes gone", goneMs === null ? "still there" : inMs(goneMs)],
      ["memory before", `${memoryBeforeMb.toFixed(0)} MB`],
      ["memory at the peak", `${memoryPeakMb.toFixed(0)} MB`],
    ] as const;
  });
  const names = all.map(({ system }) => system.name);
  const labels = rows[0]?.map(([label]) => label) ?? [];
  const lines = labels.map((label, at) => [label, ...rows.map((row) => row[at]?.[1] ?? "")]);
  const cells = [["", ...names], ["---", ...names.map(() => "--:")], ...lines];
  return cells.map((line) => `| ${line.join(" | ")} |`).join("\n");
}
