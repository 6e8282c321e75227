import { type Chance, seeded } from "../chance.js";
import { layTable } from "../lay-table.js";
import { type BatchPlan, type Blast, type Fault, simulateRoll, timeOfRoll } from "./simulate-roll.js";

/** By how each fleet is rolled: so many hosts, so many of them at a time, so often. */
const fleets = [
  { hosts: 10, forks: 10, runs: 1_000 },
  { hosts: 100, forks: 50, runs: 1_000 },
  { hosts: 10_000, forks: 500, runs: 50 },
] as const;

const plans: readonly (readonly [string, BatchPlan])[] = [
  ["all at once", [{ share: 1 }]],
  ["1, 10 %, 100 %", [1, { share: 0.1 }, { share: 1 }]],
  ["1, 10 %, 50 %, 100 %", [1, { share: 0.1 }, { share: 0.5 }, { share: 1 }]],
  ["one by one", [1]],
];

const faults: readonly (readonly [string, Fault])[] = [
  ["in the trial", { trial: 0.9, probation: 0.9, gate: 1 }],
  ["in the probation", { trial: 0.1, probation: 0.95, gate: 1 }],
  ["on one host of 20", { trial: 0.02, probation: 0.03, gate: 0.2 }],
  ["to the gate", { trial: 0, probation: 0, gate: 0.8 }],
];

/** The tables of docs/fleet.md, each with its caption. The same seed gives the same tables. */
export function fleetTables(seed: number): readonly (readonly [caption: string, table: string])[] {
  const chance = seeded(seed);
  return [
    ["How long a good version takes until the last host has proved itself:", timesTable()],
    ...fleets.map(({ hosts, forks, runs }): [string, string] => [
      `A bad version on ${write(hosts)} hosts, ${forks} at a time:`,
      blastTable(chance, hosts, forks, runs),
    ]),
  ];
}

function timesTable(): string {
  const head = ["batches", ...fleets.map(({ hosts, forks }) => `${write(hosts)} hosts, ${forks} at a time`)];
  const rows = plans.map(([name, plan]) => [
    name,
    ...fleets.map(({ hosts, forks }) => span(timeOfRoll({ hosts, plan, forks }))),
  ]);
  return layTable(head, rows);
}

function blastTable(chance: Chance, hosts: number, forks: number, runs: number): string {
  const head = [
    "shows itself",
    "batches",
    "hosts that served it",
    "host-minutes",
    "of 100 rolls 99 at most",
    "requests failed",
    "all back after",
  ];
  const rows = faults.flatMap(([shows, fault]) =>
    plans.map(([name, plan]) => {
      const blasts = Array.from({ length: runs }, () => simulateRoll(chance, { hosts, plan, forks, fault }));
      const at = (share: number, of: (blast: Blast) => number): number =>
        blasts.map(of).sort((a, b) => a - b)[Math.ceil(share * runs) - 1] ?? 0;
      const minutes = ({ hostSeconds }: Blast): number => hostSeconds / 60;
      return [
        shows,
        name,
        write(at(0.5, (blast) => blast.hosts)),
        write(at(0.5, minutes)),
        write(at(0.99, minutes)),
        write(at(0.5, ({ failedRequests }) => failedRequests)),
        span(at(0.5, ({ seconds }) => seconds)),
      ];
    }),
  );
  return layTable(head, rows);
}

/** Two digits are all that the assumptions are worth. */
function write(count: number): string {
  const digits = count === 0 ? 0 : Math.floor(Math.log10(count)) - 1;
  const unit = 10 ** digits;
  return Number((Math.round(count / unit) * unit).toFixed(Math.max(0, -digits))).toLocaleString("en");
}

function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${write(seconds / 60)} min`;
  return seconds < 172_800 ? `${write(seconds / 3_600)} h` : `${write(seconds / 86_400)} days`;
}
