import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Container } from "../harness/container/container.js";
import { RELEASES } from "../harness/container/image.js";
import { countLost } from "../harness/load/report.js";
import { startLoad } from "../harness/load/start-load.js";

const GUNICORN =
  "/usr/bin/gunicorn --workers 1 --threads 4 --keep-alive 75 --graceful-timeout 30 --preload app:app";

/** A service as systemd alone can do it: socket activation, and a restart that stops before it starts. */
async function installService(
  container: Container,
  name: string,
  app: string,
  command: string,
): Promise<void> {
  await container.sh(
    `mkdir -p /srv && cp -r /opt/apps/${app} /srv/${name} && echo v1 > /srv/${name}/version`,
  );
  await container.write(
    `/etc/systemd/system/${name}.socket`,
    `[Socket]\nListenStream=/run/${name}.sock\nBacklog=4096\n`,
  );
  await container.write(
    `/etc/systemd/system/${name}.service`,
    `[Service]\nType=notify\nNotifyAccess=all\nWorkingDirectory=/srv/${name}\nExecStart=${command}\n` +
      "KillMode=mixed\nTimeoutStopSec=40\n",
  );
  await container.sh(`systemctl daemon-reload && systemctl start ${name}.socket`);
}

for (const release of RELEASES) {
  describe(`without Holdfast, on ${release}`, () => {
    let container: Container;
    before(async () => {
      container = await Container.boot(release);
      await installService(container, "web", "wsgi", GUNICORN);
      await installService(container, "node", "plain", "/usr/bin/node server.js");
    });
    after(() => container?.[Symbol.asyncDispose]());

    it("a restart of gunicorn loses requests, and the load client sees it", async () => {
      await using load = await startLoad(container, { address: "/run/web.sock", keepAlive: 16, pauseMs: 2 });
      const calm = await load.waitForMore(4);
      assert.equal(countLost(calm), 0, JSON.stringify(calm));
      await container.sh("echo v2 > /srv/web/version && systemctl restart web.service");
      await load.waitFor("version 2", 30_000, (report) => report.versions["v2"] !== undefined);
      await load.waitForMore(4);
      const report = await load.stop();
      assert.ok(report.kinds.keepAlive.lostOnReuse > 0, JSON.stringify(report));
    });

    it("a restart of a server that ends its connections politely loses nothing", async () => {
      await using load = await startLoad(container, { address: "/run/node.sock", keepAlive: 16, pauseMs: 2 });
      await load.waitForMore(4);
      await container.sh("echo v2 > /srv/node/version && systemctl restart node.service");
      await load.waitFor("version 2", 30_000, (report) => report.versions["v2"] !== undefined);
      await load.waitForMore(4);
      const report = await load.stop();
      assert.equal(countLost(report), 0, JSON.stringify(report));
    });
  });
}
