import { mkdirSync, writeFileSync } from "node:fs";
import { messageOf } from "../../../src/lib/failure.js";
import { Container } from "../../harness/container/container.js";
import { ACTIVATION } from "./activation.js";
import { HAPROXY, HAPROXY_IDLE } from "./haproxy.js";
import { NATIVE, PASSED } from "./holdfast.js";
import { ensurePeersImage } from "./image.js";
import { layTable } from "./lay-table.js";
import { NGINX } from "./nginx.js";
import { type Observed, observeUpgrade } from "./observe-upgrade.js";
import { layLane } from "./read-visit.js";
import { deploySite, STAND_IN_PORT } from "./system.js";
import { drawTimeline } from "./timeline.js";

const DRAWING = "out/upgrade-timeline.svg";
const SIGHT = { fromMs: -1000, toMs: 6000 };
const LINE_MS = 5;
const LEAST_GAP_MS = 50;
const [OLD, NEW] = ["v1", "v2"] as const;

/**
 * One upgrade of each system under the same visitors, one after the other: on loopback, and over a line of LINE_MS each way, where
 * a request can be on its way while its connection is closed. Prints a table of each and leaves a drawing of the first.
 */
export async function compareUpgrades(): Promise<void> {
  const image = await ensurePeersImage("trixie").catch((error: unknown) => {
    console.log(`\nnginx and HAProxy are left out: ${messageOf(error)}`);
    return null;
  });
  const near = await observeAll(image, 0);
  console.log(`\nOn loopback:\n\n${layTable(near, NEW)}`);
  mkdirSync("out", { recursive: true });
  writeFileSync(DRAWING, draw(near));
  console.log(`\nResponses over time: ${DRAWING}`);
  const far = await observeAll(image, LINE_MS);
  console.log(`\nOver a line with a round trip of ${2 * LINE_MS} ms:\n\n${layTable(far, NEW)}`);
}

async function observeAll(image: string | null, delayMs: number): Promise<readonly Observed[]> {
  await using container = await Container.boot("trixie", image ?? undefined);
  await startStandIn(container);
  const peers = image === null ? [] : [NGINX, HAPROXY, HAPROXY_IDLE];
  const all: Observed[] = [];
  for (const system of [NATIVE, PASSED, ...peers, ACTIVATION])
    all.push(await observeUpgrade(container, system, delayMs));
  if (image !== null && delayMs === 0)
    console.log(await container.sh("nginx -v 2>&1; haproxy -v | head -n1"));
  return all;
}

async function startStandIn(container: Container): Promise<void> {
  await deploySite(container, "/srv/stand-in", "v0");
  await container.sh(
    `systemd-run --quiet --setenv=MODE=${STAND_IN_PORT} /usr/bin/node /srv/stand-in/current/site.js`,
  );
}

function draw(all: readonly Observed[]): string {
  const lanes = all.map(({ system: { name }, visit, upgrade }) =>
    layLane(visit, upgrade, { name, bucketMs: 100, gapMs: LEAST_GAP_MS }),
  );
  return drawTimeline({
    ...SIGHT,
    title: `Responses per 100 ms over an upgrade, and gaps of ${LEAST_GAP_MS} ms or more`,
    bucketMs: 100,
    versions: [OLD, NEW],
    lanes,
  });
}
