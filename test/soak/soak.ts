/** `npm run soak`: services in storms for as long as you like, under load; at the end nothing may be left over. */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { listFds } from "../harness/process/open-fds.js";
import { deadly, harmless, scarce, survived } from "../harness/process/storm.js";
import { growthPerUpgrade } from "./growth.js";
import { type Climate, type Sample, SoakedService } from "./service.js";

const asRoot = process.getuid?.() === 0;

const climates: readonly Climate[] = [
  { name: "native", native: true, kinds: deadly, livesOn: false, smallDisk: false, gusts: 1 },
  { name: "plain", native: false, kinds: deadly, livesOn: false, smallDisk: false, gusts: 1 },
  // Its daemon lives from the begin to the end: its memory tells.
  { name: "steady", native: true, kinds: survived, livesOn: true, smallDisk: false, gusts: 3 },
  {
    name: "scarce",
    native: true,
    kinds: [...harmless, ...(asRoot ? scarce : scarce.filter((blow) => blow !== "full disk"))],
    livesOn: false,
    smallDisk: asRoot,
    gusts: 1,
  },
];

/** More of each upgrade than this, over hundreds of them, is kept by somebody. */
const mostBytesPerUpgrade = 32 * 1024;

const columns: readonly (readonly [
  head: string,
  cell: (name: string, sample: Sample, minute: number) => string,
])[] = [
  ["minute", (_name, _sample, minute) => minute.toFixed(1)],
  ["service", (name) => name],
  ["versions", (_, { upgrades }) => String(upgrades)],
  ["killed", (_, { killed }) => String(killed)],
  ["answered", (_, { answered }) => String(answered)],
  ["failed", (_, { failed }) => String(failed)],
  ["fds", (_, { fds }) => String(fds)],
  ["processes", (_, { processes }) => String(processes)],
  ["files", (_, { files }) => String(files)],
  ["MB", (_, { residentBytes }) => (residentBytes / 1e6).toFixed(1)],
];

/** Without the numbers by which the kernel tells them apart; Node opens /dev/null when it first starts a process. */
function kindsOfFds(): readonly string[] {
  return listFds("self")
    .filter((name) => name !== "/dev/null")
    .map((name) => name.replace(/\[\d+\]/, ""))
    .sort();
}

function print(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(9)).join(" "));
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: `${Date.now() % 1e6}` },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error("usage: npm run soak -- [--minutes N] [--seed S]");
  process.exit(2);
}
console.log(`soak of ${minutes} min; again: npm run soak -- --minutes ${minutes} --seed ${seed}`);
const [fds, begun] = [kindsOfFds(), performance.now()];
const passedMinutes = (): number => (performance.now() - begun) / 60_000;
const services: SoakedService[] = [];
try {
  for (const climate of climates) services.push(await SoakedService.start(climate, seed));
  print(columns.map(([head]) => head));
  while (passedMinutes() < minutes) {
    for (const service of services) {
      for (let gusts = 1; gusts < service.climate.gusts; gusts++) await service.weather();
      const sample = await service.weather();
      print(columns.map(([, cell]) => cell(service.climate.name, sample, passedMinutes())));
    }
  }
  for (const service of services) await service.stop();
} finally {
  for (const service of services) await service[Symbol.asyncDispose]();
}
const steady = services.find(({ climate }) => climate.name === "steady")?.samples ?? [];
const growth = growthPerUpgrade(steady.map(({ upgrades, residentBytes }) => [upgrades, residentBytes]));
if (growth === undefined) console.log("memory: too few rounds to tell; let it run for longer");
else
  console.log(
    `memory: the daemon of steady grew by ${Math.round(growth)} bytes an upgrade after its warm-up`,
  );
assert.ok((growth ?? 0) < mostBytesPerUpgrade, "the daemon's memory grows");
assert.deepEqual(kindsOfFds(), fds, "an fd of the soak's own is left over");
console.log("nothing is left over");
