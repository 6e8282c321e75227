import { messageOf } from "../../../src/lib/failure.js";
import type { Container } from "../../harness/container/container.js";
import { GrowingService, type Growth, type Size } from "./growing-service.js";
import { HeldConnections, workersFor } from "./held-connections.js";
import { type Dimension, layGrowth, type Point } from "./lay-growth.js";

const UPGRADES = 3;
const SMALL: Size = { listeners: 1, workers: 1, files: 0 };

/** Upgrades of a native app that grows in one respect at a time. Prints a table of all. */
export async function measureGrowth(container: Container, connections: readonly number[]): Promise<void> {
  const measureSizes = (key: keyof Size, sizes: readonly number[]) =>
    measureEach(sizes, (size) => upgradeIdle(container, { ...SMALL, [key]: size }));
  const all: (readonly [Dimension, readonly Point[]])[] = [
    [{ what: "listener", grows: "doneMs" }, await measureSizes("listeners", [1, 10, 100, 1000])],
    [{ what: "worker", grows: "doneMs" }, await measureSizes("workers", [1, 4, 16])],
    [{ what: "file", grows: "doneMs" }, await measureSizes("files", [10, 1000, 50_000])],
    [
      { what: "connection", grows: "goneMs" },
      await measureEach(connections, (size) => upgradeHolding(container, size)),
    ],
  ];
  console.log(`\n${layGrowth(all)}`);
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
