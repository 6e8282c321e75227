import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../../harness/container/wait-until.js";
import { countLost } from "../../../harness/load/report.js";
import { startLoad } from "../../../harness/load/start-load.js";
import { type App, startService } from "./service.js";

const plain = `
const http = require("node:http");
const version = require("node:fs").readFileSync("version", "ascii").trim();
http.createServer((request, response) => {
  const ms = Number(new URL(request.url, "http://test").searchParams.get("ms"));
  setTimeout(() => response.setHeader("X-Version", version).end(version), ms);
}).listen(+process.env.PORT, "127.0.0.1", 64);
`;

const apps: Readonly<Record<string, App>> = {
  "an Express app": { files: "express", main: "server.js" },
  "an Express app of ES modules that ends itself": { files: "express", main: "server.mjs" },
  "a Fastify app that ends itself": { files: "fastify", main: "server.js" },
  "a Fastify app of ES modules": { files: "fastify", main: "server.mjs" },
  "a Koa app": { files: "koa", main: "server.js" },
  "a Koa app of ES modules": { files: "koa", main: "server.mjs" },
  "a plain server": { files: { "server.cjs": plain }, main: "server.cjs" },
};

for (const [name, app] of Object.entries(apps)) {
  test(`${name} is upgraded unchanged without a lost request or a reopened connection`, async (t) => {
    const service = await startService(t, app);
    await using load = await startLoad(null, {
      address: service.address,
      keepAlive: 8,
      slow: 0,
      freshPerSecond: 0,
    });
    for (const version of ["v2", "v3"]) {
      service.release(version);
      const { failure } = await service.upgrade();
      assert.equal(failure, null, service.output());
      await load.waitFor(version, 20_000, ({ versions }) => (versions[version]?.responses ?? 0) >= 100);
      // Nobody is left behind: the old generation ends by itself.
      await waitUntil("the end of the old generation", 20_000, async () => {
        const { generations } = await service.status();
        return generations.length === 1;
      });
    }
    const report = await load.stop();
    assert.equal(countLost(report), 0, report.losses.join("\n"));
    assert.equal(report.connections, 8);
    assert.equal(report.idleClosed, 0);
    assert.doesNotMatch(service.output(), /cannot close/);
    assert.equal(await service.stop(), 0);
  });
}
