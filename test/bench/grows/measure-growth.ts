import { messageOf } from "../../../src/lib/failure.js";
import type { Container } from "../../harness/container/container.js";
import { GrowingService, type Growth, type Size } from "./growing-service.js";
import { HeldConnections, workersFor } from "./held-connections.js";
import { type Dimension, layGrowth, type Point } from "./lay-growth.js";

const UPGRADES = 3;
const SMALL: Size = { listeners: 1, workers: 1, files: 0 };

/** Upgrades of a native app that grows in one respect at a time, or in those of `only`. Prints a table of all. */
export async function measureGrowth(
  container: Container,
  { connections, only }: { readonly connections: readonly number[]; readonly only: readonly string[] },
): Promise<void> {
  const grow = (key: keyof Size) => (size: number) => upgradeIdle(container, { ...SMALL, [key]: size });
  const hold = (size: number) => upgradeHolding(container, size);
  const all = [
    { what: "listener", grows: "command", sizes: [1, 10, 100, 1000], measure: grow("listeners") },
    { what: "worker", grows: "command", sizes: [1, 4, 16], measure: grow("workers") },
    { what: "file", grows: "command", sizes: [10, 1000, 50_000], measure: grow("files") },
    { what: "connection", grows: "handOver", sizes: connections, measure: hold },
  ] as const;
  const measured: (readonly [Dimension, readonly Point[]])[] = [];
  for (const { sizes, measure, ...dimension } of all) {
    if (only.length > 0 && !only.includes(dimension.what)) continue;
    measured.push([dimension, await measureEach(sizes, measure)]);
  }
  console.log(`\n${layGrowth(measured)}`);
}

type Measured = Omit<Point, "size">;

/** A size that cannot be had here has a line that says so. */
async function measureEach(
  sizes: readonly number[],
  measure: (size: number) => Promise<Measured>,
): Promise<Point[]> {
  const points: Point[] = [];
  for (const size of sizes) {
    const measured = await measure(size).catch((error: unknown) => ({
      upgrades: [],
      remark: messageOf(error).split("\n").join(" "),
    }));
    points.push({ size, ...measured });
  }
  return points;
}

async function upgradeIdle(container: Container, size: Size): Promise<Measured> {
  await using service = await GrowingService.start(container, size);
  return { upgrades: await upgradeAgain(service), remark: "" };
}

async function upgradeHolding(container: Container, connections: number): Promise<Measured> {
  const workers = workersFor(connections);
  await using service = await GrowingService.start(container, { ...SMALL, workers });
  await using held = await HeldConnections.hold(container, service.address, connections);
  const upgrades = await upgradeAgain(service);
  const lost = connections - (await held.countOpen());
  return { upgrades, remark: `${lost} lost${workers === 1 ? "" : `; in ${workers} workers`}` };
}

async function upgradeAgain(service: GrowingService): Promise<Growth[]> {
  const upgrades: Growth[] = [];
  for (let upgrade = 0; upgrade < UPGRADES; upgrade++) upgrades.push(await service.upgrade());
  return upgrades;
}
