/**
 * `npm run bench`: prints figures of one run side by side, each with what is aimed at. It asserts nothing. Words after
 * `npm run bench --` choose the tables whose titles have one of them. `--only NAME,…` chooses systems of the
 * comparison, or what grows; `--rounds N` says how often systems are compared, and `--connections N,…` of how many connections the
 * table of growth tells.
 */
import { cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { Container } from "../harness/container/container.js";
import { measureCommit } from "./commit-time.js";
import { compareUpgrades } from "./compare/compare-upgrades.js";
import { printTable, type Row } from "./figures.js";
import { measureFirstResponse, measureStagedCommit } from "./first-response-time.js";
import { measureGrowth } from "./grows/measure-growth.js";
import { measureHandOver } from "./hand-over-time.js";
import { measureIdle } from "./idle.js";
import { BARE, installNativeServices, NATIVE } from "./native-service.js";
import { measurePageCost } from "./page-cost.js";
import { measureReloadSteps } from "./reload-steps.js";
import { measureRequestRate } from "./request-rate.js";
import { measureGap } from "./restart-gap.js";
import { measureRestart } from "./restart-time.js";
import { measureScrapes } from "./scrape-cost.js";
import { HOLDFAST, installServices, PLAIN } from "./services.js";
import { measureShare } from "./share.js";
import { measureStatus } from "./status-time.js";
import { measureUpgradeGap } from "./upgrade-gap.js";

const { positionals: chosen, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    connections: { type: "string", default: "10,1000,10000,100000" },
  },
});
const split = (list: string) => list.split(",").filter((word) => word !== "");

const isChosen = (title: string) =>
  chosen.length === 0 || chosen.some((word) => title.toLowerCase().includes(word));

async function measure(title: string, figures: () => Promise<Row[]>): Promise<void> {
  if (isChosen(title)) printTable(title, await figures());
}

await using container = await Container.boot("trixie");
await installServices(container);
const [systemd = ""] = (await container.sh("systemctl --version")).split("\n");
const processors = cpus();
const [load = 0] = loadavg();
console.log(
  `${processors.length} cores (${processors[0]?.model}), Linux ${release()}, Node ${process.version}, ${systemd}, load ${load.toFixed(1)}`,
);
await measure("Throughput", () =>
  measureRequestRate(container, {
    what: "2 workers, Holdfast : plain socket activation",
    ours: HOLDFAST,
    theirs: PLAIN,
  }),
);
await measure("Idle", () => measureIdle(container));
await measure("The command", () => measureStatus(container));
await measure("Sight: metrics", () => measureScrapes(container));
await measure("systemctl restart, as clients see it", () => measureGap(container));
await measure("systemctl restart, as the daemon sees it", () => measureRestart(container));
await measure("Upgrade (on the disk of /var/tmp)", () => measureCommit());
await measure("The page", () => measurePageCost());
await installNativeServices(container);
await measure("Native: throughput", () =>
  measureRequestRate(container, {
    what: "1 worker, serve() : plain Node on a passed socket",
    ours: NATIVE,
    theirs: BARE,
  }),
);
await measure("Native: clients during an upgrade", () => measureUpgradeGap(container));
await measure("Native: the new version's first response", () => measureFirstResponse(container));
await measure("Native: the steps of a reload", () => measureReloadSteps(container));
await measure("Native: a staged version's first response", () => measureStagedCommit(container));
await measure("Native: share of the connections in a trial", () => measureShare());
await measure("Native: hand-over", () => measureHandOver(container));
const comparison = "Compared: one upgrade, systems side by side";
if (isChosen(comparison)) {
  console.log(`\n${comparison}`);
  await compareUpgrades({
    only: split(values.only),
    rounds: Number(values.rounds),
  });
}
const growth = "Grows: one upgrade, of a service that is larger";
if (isChosen(growth)) {
  console.log(`\n${growth}`);
  await measureGrowth(container, {
    connections: split(values.connections).map(Number),
    only: split(values.only),
  });
}
