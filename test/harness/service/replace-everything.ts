import assert from "node:assert/strict";
import { startLoad } from "../load/start-load.js";
import { assertNothingReopened } from "./under-load.js";
import { versionOf, type WebService, workerPids } from "./web-service.js";

const KEPT = 8;

/**
 * All that can be replaced under a service that runs v1: `reload` to v2, `restart` to v3, `kill -9` of the daemon, reexec, a bad v4
 * that is refused, and `holdfast upgrade` to v5. `served` is called with each version once it has taken over. v5 is left, settled.
 */
export async function replaceEverything(
  web: WebService,
  spoil: (web: WebService) => Promise<void>,
  served: (version: string) => Promise<unknown>,
): Promise<void> {
  await web.deploy("v2");
  await web.must("reload");
  await served("v2");

  await web.deploy("v3");
  await web.must("restart");
  await served("v3");

  const workers = workerPids(await web.settled());
  const daemon = await web.mainPid();
  await web.container.sh(`kill -9 ${daemon}`);
  const second = await web.successorOf(daemon);
  assert.equal((await web.cli("reexec")).code, 0);
  await web.successorOf(second);
  assert.deepEqual(workerPids(await web.settled()), workers);

  await spoil(web);
  assert.equal((await web.systemctl("reload")).code, 1);
  assert.equal((await web.cli("upgrade")).code, 1);
  const still = await web.settled();
  assert.equal(versionOf(still), "v3");
  assert.deepEqual(workerPids(still), workers);

  await web.deploy("v5");
  const upgraded = await web.cli("upgrade");
  assert.equal(upgraded.code, 0, upgraded.stderr);
  await served("v5");
  assert.equal(versionOf(await web.settled()), "v5");
  assert.equal((await web.cli("status")).code, 0);
}

/** The same under clients that keep their connections to a native app: they lose no request, and no connection is closed. */
export async function replaceEverythingUnderLoad(
  web: WebService,
  spoil: (web: WebService) => Promise<void>,
): Promise<void> {
  await web.must("start");
  await using load = await startLoad(web.container, { address: web.address, keepAlive: KEPT, slowMs: 300 });
  await replaceEverything(web, spoil, async (version) => {
    await load.waitFor(
      `answers of ${version}`,
      20_000,
      ({ versions }) => (versions[version]?.responses ?? 0) >= 50,
    );
    await load.waitForMore(2);
  });
  const report = await load.stop();
  assertNothingReopened(report, KEPT);
  assert.deepEqual(Object.keys(report.versions), ["v1", "v2", "v3", "v5"]);
}
