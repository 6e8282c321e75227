import type { Container } from "../harness/container/container.js";
import { countLost } from "../harness/load/report.js";
import { startLoad } from "../harness/load/start-load.js";
import type { Row } from "./figures.js";
import { HOLDFAST, PLAIN, type Service } from "./services.js";

const RESTARTS = 3;
const MORE = 3;

/** What clients that never retry see of `systemctl restart`. */
export async function measureGap(container: Container): Promise<Row[]> {
  const [ours, theirs] = [
    await restartUnderLoad(container, HOLDFAST),
    await restartUnderLoad(container, PLAIN),
  ];
  const what = `longest time without a response, ${RESTARTS} restarts`;
  return [
    { what: `${what}, under Holdfast`, figure: ours },
    { what: `${what}, plain`, figure: theirs },
  ];
}

async function restartUnderLoad(container: Container, { units, address }: Service): Promise<string> {
  await using load = await startLoad(container, { address, pauseMs: 5 });
  for (let restart = 0; restart < RESTARTS; restart++) {
    await load.waitForMore(MORE);
    await container.sh(`systemctl restart ${units}`);
  }
  // Taken before the load ends: while slow requests run out there is nothing else to be answered.
  const { longestGapMs } = await load.waitForMore(MORE);
  const report = await load.stop();
  const { requests } = report;
  return `${longestGapMs} ms, ${countLost(report)} of ${requests} requests lost`;
}
