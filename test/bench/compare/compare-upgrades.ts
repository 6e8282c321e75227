import { mkdirSync, writeFileSync } from "node:fs";
import { messageOf } from "../../../src/lib/failure.js";
import { Container } from "../../harness/container/container.js";
import { layTables, type Run } from "./lay-table.js";
import { observeUpgrade } from "./observe-upgrade.js";
import { ensurePeers, type Peers, tellVersions } from "./peers.js";
import { layLane } from "./read-visit.js";
import { deploySite, STAND_IN_PORT, type System } from "./system.js";
import { drawTimeline } from "./timeline.js";

const DRAWING = "out/upgrade-timeline.svg";
const SIGHT = { fromMs: -1000, toMs: 6000 };
const LINE_MS = 5;
const LEAST_GAP_MS = 50;
const [OLD, NEW] = ["v1", "v2"] as const;

export interface Choice {
  /** Parts of the names of systems; none: all. */
  readonly only: readonly string[];
  readonly rounds: number;
}

/**
 * Some upgrades of each system under the same visitors, one after the other: on loopback, and over a line of LINE_MS each way, where
 * a request can be on its way while its connection is closed. Prints tables of both and leaves a drawing of the first round.
 */
export async function compareUpgrades({ only, rounds }: Choice): Promise<void> {
  const all = await ensurePeers();
  const isChosen = (name: string) =>
    only.length === 0 || only.some((word) => name.toLowerCase().includes(word));
  const peers = { ...all, systems: all.systems.filter(({ name }) => isChosen(name)) };
  const near = await observeRounds(peers, rounds, 0);
  console.log(`\nOn loopback:\n\n${layTables(near, NEW)}`);
  mkdirSync("out", { recursive: true });
  writeFileSync(DRAWING, draw(near));
  console.log(`\nResponses over time: ${DRAWING}`);
  const far = await observeRounds(peers, rounds, LINE_MS);
  console.log(`\nOver a line with a round trip of ${2 * LINE_MS} ms:\n\n${layTables(far, NEW)}`);
}

/** Each round has a container of its own, so that no system has anything left of the round before. */
async function observeRounds(peers: Peers, rounds: number, delayMs: number): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    await using container = await Container.boot("trixie", peers.image ?? undefined);
    await peers.install(container);
    await startStandIn(container);
    if (round === 0 && delayMs === 0 && peers.image !== null) console.log(await tellVersions(container));
    const started = await Promise.all(peers.systems.map((system) => start(container, system)));
    for (const system of started.filter((one) => one !== null)) {
      const observed = await orNull(container, system, () => observeUpgrade(container, system, delayMs));
      if (observed !== null) runs.push({ system, observed });
    }
  }
  return runs;
}

/** What cannot be measured is left out of a round, with its journal. */
async function orNull<T>(container: Container, system: System, act: () => Promise<T>): Promise<T | null> {
  return await act().catch(async (error: unknown) => {
    const journal = await container.tellOf(system.unit, 10);
    console.log(`\nLeft out of a round: ${system.name}: ${messageOf(error)}\n${journal}`);
    return null;
  });
}

function start(container: Container, system: System): Promise<System | null> {
  return orNull(container, system, async () => {
    await system.start(container);
    return system;
  });
}

async function startStandIn(container: Container): Promise<void> {
  await deploySite(container, "/srv/stand-in", "v0");
  await container.sh(
    `systemd-run --quiet --setenv=MODE=${STAND_IN_PORT} /usr/bin/node /srv/stand-in/current/site.js`,
  );
}

/** The first round of each. */
function draw(runs: readonly Run[]): string {
  const first = new Map([...runs].reverse().map((run) => [run.system, run.observed]));
  const systems = [...new Set(runs.map(({ system }) => system))];
  const lanes = systems.flatMap((system) => {
    const seen = first.get(system);
    if (seen === undefined) return [];
    return [layLane(seen.visit, seen.upgrade, { name: system.name, bucketMs: 100, gapMs: LEAST_GAP_MS })];
  });
  return drawTimeline({
    ...SIGHT,
    title: `Responses per 100 ms over an upgrade, and gaps of ${LEAST_GAP_MS} ms or more`,
    bucketMs: 100,
    versions: [OLD, NEW],
    lanes,
  });
}
