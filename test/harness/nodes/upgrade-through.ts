import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startLoad } from "../load/start-load.js";
import { Rig } from "../process/rig.js";
import { withoutJudges } from "../process/unjudged.js";
import { assertNothingReopened } from "../service/under-load.js";
import type { OtherNode } from "./ensure-node.js";

const kept = 20;
const app = fileURLToPath(new URL("web-app.js", import.meta.url));

function configure(rig: Rig, { path }: OtherNode): void {
  const config = [
    `command = ${JSON.stringify([path, app])}`,
    `release = ${JSON.stringify(join(rig.directory, "current"))}`,
    "workers = 2",
    "[listeners.http]",
    `address = "127.0.0.1:${rig.port}"`,
  ];
  writeFileSync(rig.configFile, withoutJudges(`${config.join("\n")}\n`));
}

/** A generation on each of these, one after the other, under a load that must not notice. */
export async function upgradeThrough(first: OtherNode, ...others: readonly OtherNode[]): Promise<void> {
  await using rig = new Rig();
  configure(rig, first);
  await rig.manager.startReady();
  await using load = await startLoad(null, {
    address: `127.0.0.1:${rig.port}`,
    keepAlive: kept,
    slowMs: 300,
  });
  for (const node of others) {
    configure(rig, node);
    assert.equal((await rig.upgrade()).failure, null);
    const { generations } = await rig.settled();
    assert.ok(generations[0]?.workers.every(({ native }) => native));
    await load.waitForMore(2);
  }
  const report = await load.stop();
  assertNothingReopened(report, kept);
  assert.deepEqual(
    Object.keys(report.versions),
    [first, ...others].map(({ version }, at) => `${version}/${at + 1}`),
  );
}
