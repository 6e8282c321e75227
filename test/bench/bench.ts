/** `npm run bench`: prints figures of one run side by side, each with what is aimed at. It asserts nothing. */
import { cpus, release } from "node:os";
import { Container } from "../harness/container/container.js";
import { measureCommit } from "./commit-time.js";
import { printTable, type Row } from "./figures.js";
import { measureIdle } from "./idle.js";
import { measureRequestRate } from "./request-rate.js";
import { measureGap } from "./restart-gap.js";
import { measureRestart } from "./restart-time.js";
import { installServices } from "./services.js";

async function measure(title: string, figures: () => Promise<Row[]>): Promise<void> {
  printTable(title, await figures());
}

await using container = await Container.boot("trixie");
await installServices(container);
const [systemd = ""] = (await container.sh("systemctl --version")).split("\n");
const processors = cpus();
console.log(
  `${processors.length} cores (${processors[0]?.model}), Linux ${release()}, Node ${process.version}, ${systemd}`,
);
await measure("Throughput", () => measureRequestRate(container));
await measure("Idle", () => measureIdle(container)); // it has been idle since the start: its workers served
await measure("systemctl restart, as clients see it", () => measureGap(container));
await measure("systemctl restart, as the daemon sees it", () => measureRestart(container));
await measure("Upgrade (on the disk of /var/tmp)", () => measureCommit());
