import type { Container } from "../harness/container/container.js";
import { median, type Row } from "./figures.js";
import { deploy, NATIVE, waitUntilMoved } from "./native-service.js";
import { observePair, type Pair, startProbe } from "./observe.js";

const PAIRS = 7;
const WINDOW_MS = 2_000;

/** The longest time without a response at 500 requests a second, with and without an upgrade of a native worker. */
export async function measureUpgradeGap(container: Container): Promise<Row[]> {
  await using probe = await startProbe(container, NATIVE);
  const pairs: Record<"reload" | "restart", Pair[]> = { reload: [], restart: [] };
  for (let pair = 0; pair < PAIRS; pair++) {
    for (const verb of ["reload", "restart"] as const) {
      await deploy(container);
      const event = async () => {
        await container.sh(`systemctl ${verb} ${NATIVE.units}`);
        await waitUntilMoved(container);
      };
      pairs[verb].push(await observePair(probe, WINDOW_MS, event));
    }
  }
  return [...describe("reload", pairs.reload), ...describe("restart", pairs.restart)];
}

function describe(verb: string, pairs: readonly Pair[]): Row[] {
  const ratios = pairs.map(({ without, during }) => during.longestGapMs / without.longestGapMs);
  const gap = (which: keyof Pair) => median(pairs.map((pair) => pair[which].longestGapMs)).toFixed(1);
  const lost = pairs.reduce((sum, { during }) => sum + during.lost, 0);
  const requests = pairs.reduce((sum, { during }) => sum + during.requests, 0);
  return [
    {
      what: `longest gap over systemctl ${verb} : as long without, ${pairs.length} pairs`,
      figure: `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
      goal: "1.5 or less",
    },
    {
      what: "  in time, with and without",
      figure: `${gap("during")} and ${gap("without")} ms, ${lost} of ${requests} requests lost`,
    },
  ];
}
