import { setTimeout as pause } from "node:timers/promises";
import type { Container } from "../harness/container/container.js";
import type { Row } from "./figures.js";
import { IDLE_SECONDS, idleFor, readUsage } from "./idle.js";
import { HOLDFAST } from "./services.js";

const ADDRESS = "127.0.0.1:9464";
/** The first ones compile what makes the answer. */
const WARM_UP = 20;
const SCRAPES = 100;
/** Until V8 has collected the garbage of what was before. */
const RESTED_MS = 15_000;

/** What metrics cost the daemon, while nobody scrapes and by the scrape. */
export async function measureScrapes(container: Container): Promise<Row[]> {
  const config = "/etc/holdfast/web.toml";
  await pause(RESTED_MS);
  const without = await idleFor(container);
  await container.sh(
    `cp ${config} ${config}.before; printf '[metrics]\\naddress = "${ADDRESS}"\\n' >> ${config}; systemctl reload ${HOLDFAST.units}`,
  );
  await scrape(container, WARM_UP);
  const pid = await container.show(HOLDFAST.units, "MainPID");
  const before = await readUsage(container, pid);
  await scrape(container, SCRAPES);
  const after = await readUsage(container, pid);
  await pause(RESTED_MS);
  const idle = await idleFor(container);
  await container.sh(`mv ${config}.before ${config}; systemctl reload ${HOLDFAST.units}`);
  return [
    {
      what: "CPU time of a scrape, of the control socket",
      figure: `${((after.cpuMs - before.cpuMs) / SCRAPES).toFixed(2)} ms`,
      goal: "under 5 ms",
    },
    {
      what: `wake-ups of the daemon in ${IDLE_SECONDS} s with a metrics port that nobody asks : without`,
      figure: `${idle.wakeUps} : ${without.wakeUps}`,
      goal: "as few",
    },
  ];
}

/** By the control socket, which makes each answer anew. */
async function scrape(container: Container, times: number): Promise<void> {
  const url = "--unix-socket /run/holdfast/web/control.sock http://x/v1/metrics";
  await container.sh(
    `for i in $(seq ${times}); do curl -fsS ${url} > /dev/null; done; curl -fsS http://${ADDRESS}/metrics > /dev/null`,
  );
}
