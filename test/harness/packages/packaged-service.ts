import assert from "node:assert/strict";
import type { Container } from "../container/container.js";
import type { App } from "../service/apps.js";
import { losesNothing } from "../service/under-load.js";
import { WebService, workerPids } from "../service/web-service.js";
import { NEXT_VERSION } from "./build-package.js";

/** An enabled instance of holdfast@.service that serves, as the README has an admin make it; with the package's library where it asks. */
export async function startInstance(container: Container, app: App): Promise<WebService> {
  await container.sh("mkdir -p /node_modules && ln -sfn /usr/lib/holdfast /node_modules/holdfast");
  const web = await WebService.install(container, { app });
  await container.sh(`systemctl enable --now ${web.unit}`);
  await web.settled();
  return web;
}

/**
 * Runs what upgrades the package of Holdfast to {@link NEXT_VERSION} while clients of `web` never retry: none loses anything, the
 * workers are the very same, and the daemon is another one, of the new version. The new code of the app that lies ready is not touched.
 */
export async function survivesUpgrade(web: WebService, upgrade: () => Promise<unknown>): Promise<void> {
  const before = await web.settled();
  const daemon = await web.mainPid();
  await web.deploy("v2"); // nobody asked for it
  const report = await losesNothing(web, upgrade);
  assert.deepEqual(Object.keys(report.versions), ["v1"]);
  const after = await web.settled();
  assert.equal(after.id, before.id);
  assert.deepEqual(workerPids(after), workerPids(before));
  const status = await web.status();
  assert.equal(status.version, NEXT_VERSION);
  assert.notEqual(status.pid, daemon);
  assert.equal(await web.show("ActiveState"), "active");
}
