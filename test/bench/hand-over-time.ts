import { setTimeout as pause } from "node:timers/promises";
import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";
import { median, type Row } from "./figures.js";
import { GrowingService } from "./grows/growing-service.js";
import { HeldConnections, heldSchema, workersFor } from "./grows/held-connections.js";
import { ASLEEP, BARE, deploy, instanceOf, NATIVE, NATIVE_STAMPS, waitUntilMoved } from "./native-service.js";
import { observePair, type Pair, startProbe } from "./observe.js";
import { installTimedDaemon } from "./services.js";
import type { Stamp } from "./stamps.js";
import { Tool } from "./tool.js";

const IDLE = 10_000;
/** With them what runs for the first time has run, and has its memory. */
const SOME = 1_000;
const MANY = 100_000;
/** As many as a process may hold on most machines. */
const SLEEPING = 15_000;
/** They come one after the other, for a process keeps the memory that those took which are awake at once. */
const WAVES = 30;
const UPGRADES = 7;
const UPGRADES_OF_MANY = 3;
const WINDOW_MS = 2_500;
/** Until those that go dormant after a second have. */
const ASLEEP_MS = 2_000;

let holders = 0;

/** Each from an address of its own, which has 28,000 ports, those of closed connections for a minute among them. */
function hold(container: Container, address: string, count: number) {
  holders += 1;
  return Tool.start(container, "hold-connections", heldSchema, address, String(count), `127.0.1.${holders}`);
}

/** Idle kept connections from one worker to the next, while others are used; and what they cost there. */
export async function measureHandOver(container: Container): Promise<Row[]> {
  await installTimedDaemon(container, NATIVE.units, NATIVE_STAMPS);
  const upgrade = async (): Promise<number> => {
    await container.sh(`holdfast -n ${instanceOf(NATIVE.units)} upgrade`);
    return readSpan(await waitUntilMoved(container));
  };
  await using probe = await startProbe(container, NATIVE);
  await deploy(container);
  await upgrade();
  await using some = await hold(container, NATIVE.address, SOME);
  await deploy(container);
  await upgrade();
  const few = await some.ask();
  const dormantFew: number[] = [];
  for (let round = 0; round < UPGRADES; round++) {
    await deploy(container);
    dormantFew.push(await upgrade());
  }
  await using holder = await hold(container, NATIVE.address, IDLE);
  const accepted = await holder.ask();

  const [used, dormant, residentBytes]: [number[], number[], number[]] = [[], [], []];
  const pairs: Pair[] = [];
  for (let round = 0; round < UPGRADES; round++) {
    await holder.ask("speak");
    await deploy(container);
    pairs.push(await observePair(probe, WINDOW_MS, async () => used.push(await upgrade())));
    residentBytes.push((await holder.ask()).residentBytes);
    await deploy(container);
    pairs.push(await observePair(probe, WINDOW_MS, async () => dormant.push(await upgrade())));
  }
  const { open, firstMs = Number.NaN } = await holder.ask("time");
  const each = (bytes: number) => `${((bytes - few.residentBytes) / IDLE / 1024).toFixed(2)} KiB`;
  const slowed = pairs.map(({ without, during }) => during.worstMs - without.worstMs);
  const worst = (which: keyof Pair) => median(pairs.map((pair) => pair[which].worstMs)).toFixed(1);
  const lost = pairs.reduce((sum, { during }) => sum + during.lost, 0);
  return [
    {
      what: `commit until ${IDLE} idle connections have moved, and ${SOME} beside them, ${UPGRADES} upgrades`,
      figure: spread(used, 0),
      goal: "under 120 ms",
    },
    {
      what: `  the same of those that nobody has used since they moved, each of ${IDLE} beyond the first ${SOME}`,
      figure: `${(((median(dormant) - median(dormantFew)) / IDLE) * 1_000).toFixed(1)} µs (${spread(dormant, 0)}, and ${spread(dormantFew, 0)})`,
      goal: "under 6 µs",
    },
    {
      what: "  the slowest live request at 500/s, slower than in as long without",
      figure: spread(slowed, 1),
      goal: "under 10 ms",
    },
    {
      what: "  it took, with and without",
      figure: `${worst("during")} and ${worst("without")} ms, ${lost} requests lost, ${IDLE - open} connections lost`,
    },
    {
      what: `memory (RSS) a moved connection costs, beyond the first ${SOME}`,
      figure: each(median(residentBytes)),
      goal: "under 0.3 KiB",
    },
    {
      what: "memory (RSS) an accepted connection costs in the same way",
      figure: each(accepted.residentBytes),
    },
    await compareFirstRequest(container, firstMs),
    await measureMany(container),
    await compareSleeping(container),
  ];
}

async function compareFirstRequest(container: Container, firstMs: number): Promise<Row> {
  await using kept = await hold(container, BARE.address, IDLE);
  const { againMs = Number.NaN } = await kept.ask("time");
  return {
    what: "first request on a moved connection : one on a kept connection of plain Node, median of 1,000",
    figure: `${(firstMs / againMs).toFixed(2)} (${(firstMs * 1_000).toFixed(0)} : ${(againMs * 1_000).toFixed(0)} µs)`,
    goal: "under 1.2",
  };
}

/** In as many workers as the machine's limit of open files takes, unless one of them is full before the others. */
async function measureMany(container: Container): Promise<Row> {
  const workers = workersFor(MANY);
  const what = `the new version's first response until ${MANY} idle connections of ${workers} worker(s) have moved, ${UPGRADES_OF_MANY} upgrades`;
  const goal = "under 1500 ms";
  await using service = await GrowingService.start(container, { listeners: 1, workers, files: 0 });
  try {
    await using held = await HeldConnections.hold(container, service.address, MANY);
    const spansMs: number[] = [];
    for (let round = 0; round < UPGRADES_OF_MANY; round++) {
      const { goneMs, firstMs } = await service.upgrade();
      spansMs.push(goneMs - firstMs);
    }
    const lost = MANY - (await held.countOpen());
    return { what, figure: `${spread(spansMs, 0)}, ${lost} lost`, goal };
  } catch (error) {
    if (error instanceof HarnessError && error.code === "tool") return { what, figure: error.message, goal };
    throw error;
  }
}

/** `dormantAfter`, in normal service. */
async function compareSleeping(container: Container): Promise<Row> {
  const measure = async (address: string): Promise<number> => {
    await using none = await hold(container, address, 0);
    const empty = await none.ask();
    const waves: AsyncDisposable[] = [];
    try {
      for (let wave = 0; wave < WAVES; wave++) {
        waves.push(await hold(container, address, SLEEPING / WAVES));
        await pause(ASLEEP_MS);
      }
      return ((await none.ask()).residentBytes - empty.residentBytes) / SLEEPING / 1024;
    } finally {
      for (const wave of waves) await wave[Symbol.asyncDispose]();
    }
  };
  const [ours, theirs] = [await measure(ASLEEP.address), await measure(BARE.address)];
  return {
    what: `memory (RSS) an idle connection costs in normal service, of ${SLEEPING} that came in ${WAVES} waves, with dormantAfter : plain Node`,
    figure: `${(ours / theirs).toFixed(2)} (${ours.toFixed(2)} : ${theirs.toFixed(2)} KiB)`,
  };
}

function spread(figures: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...figures), Math.max(...figures)];
  return `${median(figures).toFixed(digits)} ms (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

function readSpan(stamps: readonly Stamp[]): number {
  const at = (what: Stamp["what"]): number | undefined => stamps.find((stamp) => stamp.what === what)?.atMs;
  const [persistedAt, movedAt] = [at("persisted"), at("moved")];
  if (persistedAt !== undefined && movedAt !== undefined) return movedAt - persistedAt;
  throw new HarnessError("no-stamp", `cannot measure a hand-over: ${JSON.stringify(stamps)}`);
}
