import { mkdirSync, writeFileSync } from "node:fs";
import { messageOf } from "../../../src/lib/failure.js";
import { Container } from "../../harness/container/container.js";
import { ACTIVATION } from "./activation.js";
import { HAPROXY } from "./haproxy.js";
import { NATIVE, PASSED } from "./holdfast.js";
import { ensurePeersImage } from "./image.js";
import { NGINX } from "./nginx.js";
import { type Observed, observeUpgrade } from "./observe-upgrade.js";
import { layLane, readVisit } from "./read-visit.js";
import { deploySite, STAND_IN_PORT } from "./system.js";
import { drawTimeline } from "./timeline.js";

const DRAWING = "out/upgrade-timeline.svg";
const SIGHT = { fromMs: -1000, toMs: 7000 };
const LEAST_GAP_MS = 50;
const [OLD, NEW] = ["v1", "v2"] as const;

/** One upgrade of each system under the same visitors, one after the other: a table, and a drawing in `out/`. */
export async function compareUpgrades(): Promise<string> {
  const image = await ensurePeersImage("trixie").catch((error: unknown) => {
    console.log(`\nnginx and HAProxy are left out: ${messageOf(error)}`);
    return null;
  });
  await using container = await Container.boot("trixie", image ?? undefined);
  await startStandIn(container);
  const peers = image === null ? [] : [NGINX, HAPROXY];
  const all: Observed[] = [];
  for (const system of [NATIVE, PASSED, ...peers, ACTIVATION])
    all.push(await observeUpgrade(container, system));
  mkdirSync("out", { recursive: true });
  writeFileSync(DRAWING, draw(all));
  const versions = image === null ? "" : await container.sh("nginx -v 2>&1; haproxy -v | head -n1");
  return [layTable(all), "", ...versions.split("\n").filter(Boolean), `timeline: ${DRAWING}`].join("\n");
}

async function startStandIn(container: Container): Promise<void> {
  await deploySite(container, "/srv/stand-in", "v0");
  await container.sh(
    `systemd-run --quiet --setenv=MODE=${STAND_IN_PORT} /usr/bin/node /srv/stand-in/current/site.js`,
  );
}

/** In Markdown, as it stands in the documentation. */
function layTable(all: readonly Observed[]): string {
  const rows = all.map(({ visit, upgrade, memoryBeforeMb, memoryPeakMb }) => {
    const seen = readVisit(visit, upgrade, NEW);
    const inMs = (ms: number | null) => (ms === null ? "never" : `${ms.toFixed(0)} ms`);
    const goneMs = upgrade.oldGoneAtMs === null ? null : upgrade.oldGoneAtMs - upgrade.beganAtMs;
    return [
      ["requests lost", `${seen.lost} of ${seen.requests}`],
      ["connections reopened", String(seen.reopened)],
      ["WebSockets dropped", String(seen.dropped)],
      ["longest gap", inMs(seen.longestGapMs)],
      ["slowest response", inMs(seen.slowestMs)],
      ["visitors' own longest stall", inMs(seen.longestStallMs)],
      ["first new response", inMs(seen.firstNewMs)],
      ["old processes gone", inMs(goneMs)],
      ["memory before", `${memoryBeforeMb.toFixed(0)} MB`],
      ["memory at the peak", `${memoryPeakMb.toFixed(0)} MB`],
    ] as const;
  });
  const names = all.map(({ system }) => system.name);
  const labels = rows[0]?.map(([label]) => label) ?? [];
  const lines = labels.map((label, at) => [label, ...rows.map((row) => row[at]?.[1] ?? "")]);
  const cells = [["", ...names], ["---", ...names.map(() => "--:")], ...lines];
  return cells.map((line) => `| ${line.join(" | ")} |`).join("\n");
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
