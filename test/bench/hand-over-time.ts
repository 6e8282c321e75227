import * as v from "valibot";
import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";
import { median, type Row } from "./figures.js";
import { deploy, instanceOf, NATIVE, NATIVE_STAMPS, waitUntilMoved } from "./native-service.js";
import { observePair, type Pair, startProbe } from "./observe.js";
import { installTimedDaemon } from "./services.js";
import type { Stamp } from "./stamps.js";
import { Tool } from "./tool.js";

const IDLE = 10_000;
const UPGRADES = 7;
const WINDOW_MS = 2_500;

const heldSchema = v.object({ open: v.number(), residentBytes: v.number() });

/** Idle kept connections from one worker to the next, while others are used. */
export async function measureHandOver(container: Container): Promise<Row[]> {
  await installTimedDaemon(container, NATIVE.units, NATIVE_STAMPS);
  const upgrade = async (): Promise<readonly Stamp[]> => {
    await container.sh(`holdfast -n ${instanceOf(NATIVE.units)} upgrade`);
    return await waitUntilMoved(container);
  };
  const hold = (count: number) =>
    Tool.start(container, "hold-connections", heldSchema, NATIVE.address, String(count));
  await using probe = await startProbe(container, NATIVE);
  await deploy(container);
  await upgrade();
  await using none = await hold(0);
  const empty = await none.ask();
  await using holder = await hold(IDLE);
  const accepted = await holder.ask();

  const [spansMs, pairs, residentBytes]: [number[], Pair[], number[]] = [[], [], []];
  for (let round = 0; round < UPGRADES; round++) {
    await deploy(container);
    const event = async () => spansMs.push(readSpan(await upgrade()));
    pairs.push(await observePair(probe, WINDOW_MS, event));
    residentBytes.push((await holder.ask()).residentBytes);
  }
  const { open } = await holder.ask();
  const each = (bytes: number) => `${((bytes - empty.residentBytes) / IDLE / 1024).toFixed(1)} KiB`;
  const slowed = pairs.map(({ without, during }) => during.worstMs - without.worstMs);
  const worst = (which: keyof Pair) => median(pairs.map((pair) => pair[which].worstMs)).toFixed(1);
  const lost = pairs.reduce((sum, { during }) => sum + during.lost, 0);
  return [
    {
      what: `commit until ${IDLE} idle connections have moved, ${UPGRADES} upgrades`,
      figure: `${median(spansMs).toFixed(0)} ms (${Math.min(...spansMs).toFixed(0)} to ${Math.max(...spansMs).toFixed(0)})`,
      goal: "under 600 ms",
    },
    {
      what: "  the slowest live request at 500/s, slower than in as long without",
      figure: `${median(slowed).toFixed(1)} ms (${Math.min(...slowed).toFixed(1)} to ${Math.max(...slowed).toFixed(1)})`,
      goal: "35 ms or less",
    },
    {
      what: "  it took, with and without",
      figure: `${worst("during")} and ${worst("without")} ms, ${lost} requests lost, ${IDLE - open} connections lost`,
    },
    { what: "memory (RSS) a moved connection costs", figure: each(median(residentBytes)) },
    { what: "memory (RSS) an accepted connection costs", figure: each(accepted.residentBytes) },
  ];
}

function readSpan(stamps: readonly Stamp[]): number {
  const at = (what: Stamp["what"]): number | undefined => stamps.find((stamp) => stamp.what === what)?.atMs;
  const [persistedAt, movedAt] = [at("persisted"), at("moved")];
  if (persistedAt !== undefined && movedAt !== undefined) return movedAt - persistedAt;
  throw new HarnessError("no-stamp", `cannot measure a hand-over: ${JSON.stringify(stamps)}`);
}
