import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Container } from "../harness/container/container.js";
import { describeOnEachRelease } from "../harness/container/each-release.js";
import { waitUntil } from "../harness/container/wait-until.js";
import { countLost } from "../harness/load/report.js";
import { startLoad } from "../harness/load/start-load.js";

/**
 * On SIGTERM it answers what it has begun, and closes what is idle: a request may be on its way on it. So did gunicorn before 26. It is busy
 * for a moment first, so that requests are on their way, and the loss is no matter of luck.
 */
const CLOSES_IDLE = `
const version = require("node:fs").readFileSync("version", "ascii").trim();
const server = require("node:http").createServer({ keepAliveTimeout: 75_000 }, (_, response) => {
  response.setHeader("X-Version", version).end(version);
});
server.listen({ fd: 3 }, () => require("node:child_process").spawnSync("systemd-notify", ["--ready"]));
process.on("SIGTERM", () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  server.close().closeIdleConnections();
});
`;

const TCP = "127.0.0.1:8080";
const UNIX = "/run/node.sock";

interface Service {
  readonly name: string;
  /** Folder in test/apps. */
  readonly app: string;
  readonly listen: string;
  readonly command: string;
}

/** A service as systemd alone can do it: socket activation, and a restart that stops before it starts. */
async function install(container: Container, { name, app, listen, command }: Service): Promise<void> {
  await container.sh(
    `mkdir -p /srv && cp -r /opt/apps/${app} /srv/${name} && echo v1 > /srv/${name}/version`,
  );
  await container.write(
    `/etc/systemd/system/${name}.socket`,
    `[Socket]\nListenStream=${listen}\nBacklog=4096\n`,
  );
  await container.write(
    `/etc/systemd/system/${name}.service`,
    `[Service]\nType=notify\nNotifyAccess=all\nWorkingDirectory=/srv/${name}\nExecStart=${command}\n` +
      "KillMode=mixed\nTimeoutStopSec=40\n",
  );
  await container.sh(`systemctl daemon-reload && systemctl start ${name}.socket`);
}

describeOnEachRelease("without Holdfast", (release) => {
  let container: Container;
  before(async () => {
    container = await Container.boot(release);
    await install(container, {
      name: "web",
      app: "plain",
      listen: TCP,
      command: "/usr/bin/node closes-idle.js",
    });
    await container.write("/srv/web/closes-idle.js", CLOSES_IDLE);
    await install(container, {
      name: "node",
      app: "plain",
      listen: UNIX,
      command: "/usr/bin/node server.js",
    });
  });
  after(() => container?.[Symbol.asyncDispose]());

  it("a restart of a server that closes what is idle loses requests, and the load client sees it", async () => {
    await using load = await startLoad(container, { address: TCP, keepAlive: 16, pauseMs: 2 });
    const calm = await load.waitForMore(4);
    assert.equal(countLost(calm), 0, JSON.stringify(calm));
    await container.sh("echo v2 > /srv/web/version && systemctl restart web.service");
    await load.waitFor("version 2", 30_000, (report) => report.versions["v2"] !== undefined);
    await load.waitForMore(4);
    const report = await load.stop();
    assert.ok(report.kinds.keepAlive.lostOnReuse > 0, JSON.stringify(report));
  });

  it("a restart of a server that ends its connections politely loses nothing", async () => {
    await using load = await startLoad(container, { address: UNIX, keepAlive: 16, pauseMs: 2 });
    await load.waitForMore(4);
    await container.sh("echo v2 > /srv/node/version && systemctl restart node.service");
    await load.waitFor("version 2", 30_000, (report) => report.versions["v2"] !== undefined);
    await load.waitForMore(4);
    const report = await load.stop();
    assert.equal(countLost(report), 0, JSON.stringify(report));
  });

  it("gunicorn without --preload says READY, and only then finds that its app cannot be imported", async () => {
    await install(container, {
      name: "flawed",
      app: "flawed",
      listen: "127.0.0.1:8081",
      command: "/usr/bin/gunicorn app:app",
    });
    await container.sh("touch /srv/flawed/import-fails && systemctl start flawed.service");
    await waitUntil("its end", 20_000, async () => {
      return (await container.show("flawed.service", "ActiveState")) === "failed";
    });
    assert.equal(await container.show("flawed.service", "ExecMainStatus"), "3");
    await container.sh("systemctl stop flawed.socket && systemctl reset-failed flawed.service");
  });
});
