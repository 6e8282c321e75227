/** `npm run simulate`: prints the tables of docs/judge.md. The same seed gives the same tables. */
import { type Chance, seeded } from "./chance.js";
import { simulateUpgrades } from "./simulate-upgrade.js";

const goodRuns = 10_000;
const badRuns = 1_000;
const seed = 1;

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  console.log(["", line(head), line(rule), ...rows.map(line), ""].join("\n"));
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

function printFalseAlarms(chance: Chance, clump: number): void {
  const traffic = [1, 10, 100, 1_000];
  const rows = [0, 0.001, 0.02, 0.2].map((share) => [
    percent(share),
    ...traffic.map((requestsPerSecond) => {
      const upgrade = { requestsPerSecond, oldShare: share, newShare: share, clump };
      return String(simulateUpgrades(chance, goodRuns, upgrade).length);
    }),
  ]);
  printTable(["of both versions' responses fail", ...traffic.map((rate) => `${rate}/s`)], rows);
}

function describe(delays: readonly number[]): string {
  const caught = delays.length / badRuns;
  if (caught < 0.99) return `${percent(caught)} caught`;
  return [0.5, 0.99].map((share) => `${delays[Math.ceil(share * badRuns) - 1]} s`).join(", ");
}

function printDelays(chance: Chance, newShares: readonly number[]): void {
  const traffic = [10, 100, 1_000];
  const rows = newShares.flatMap((newShare) =>
    [0, 0.02].map((oldShare) => [
      percent(newShare),
      percent(oldShare),
      ...traffic.map((requestsPerSecond) =>
        describe(simulateUpgrades(chance, badRuns, { requestsPerSecond, oldShare, newShare })),
      ),
    ]),
  );
  printTable(["new version fails", "old version failed", ...traffic.map((rate) => `${rate}/s`)], rows);
}

const chance = seeded(seed);
console.log(`False alarms in ${goodRuns} upgrades, each failure by itself:`);
printFalseAlarms(chance, 1);
console.log(`False alarms in ${goodRuns} upgrades, four failures at once:`);
printFalseAlarms(chance, 4);
console.log(`False alarms in ${goodRuns} upgrades, 20 failures at once:`);
printFalseAlarms(chance, 20);
console.log(
  `Seconds from the begin of the trial to the verdict: the median of ${badRuns} upgrades, and 99 of 100:`,
);
printDelays(chance, [1, 0.2, 0.08, 0.04]);
