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
  "a plain server that names the library as an installed one": {
    files: { "server.cjs": plain },
    main: "server.cjs",
    command: [process.execPath, "--import", "holdfast/register", "server.cjs"],
  },
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
    assert.equal(await service.stop(), 0);
    if (name.includes("ends itself")) assert.match(service.output(), /closed/);
    assert.doesNotMatch(service.output(), /cannot close/);
  });
}

test("requests in flight at the end of the service are answered, whatever the app does at SIGTERM", async (t) => {
  const service = await startService(t, { files: "express", main: "server.mjs" });
  const answers = Array.from({ length: 8 }, () => fetch(`http://${service.address}/slow?ms=1000`));
  await waitUntil("requests in flight", 10_000, async () => {
    const { generations } = await service.status();
    const servers = generations.flatMap(({ workers }) => workers.flatMap((worker) => worker.servers));
    return servers.reduce((sum, { counters }) => sum + counters.inFlight, 0) === 8;
  });
  const stopped = service.stop();
  for (const answer of await Promise.all(answers)) assert.equal(await answer.text(), "v1\n");
  assert.equal(await stopped, 0);
  assert.doesNotMatch(service.output(), /cannot close/);
});

test("a version that throws when it listens never takes over", async (t) => {
  const code = `require("node:http").createServer((request, response) => response.end(version)).listen(process.env.PORT, () => {
    if (version === "v2") throw new Error("told to");
  });`;
  const main = `const version = require("node:fs").readFileSync("version", "ascii").trim();\n${code}`;
  const service = await startService(t, { files: { "server.cjs": main }, main: "server.cjs" });
  service.release("v2");
  assert.notEqual((await service.upgrade()).failure, null);
  assert.equal(await (await fetch(`http://${service.address}/`)).text(), "v1");
});

test("a version that listens but fails its verification has answered no client", async (t) => {
  const code = `
    const version = require("node:fs").readFileSync("version", "ascii").trim();
    const server = require("node:http").createServer((request, response) => {
      response.setHeader("X-Version", version);
      const healthy = request.url !== "/healthz" || version === "v1";
      response.statusCode = healthy ? 200 : 500;
      setTimeout(() => response.end(version), healthy ? 0 : 500);
    });
    server.listen(process.env.PORT, () => console.log(version, "has", server.address().port));`;
  const verify = 'verify = { http = "/healthz", status = 200, timeout = "10s" }';
  const service = await startService(t, {
    files: { "server.cjs": code },
    main: "server.cjs",
    config: verify,
  });
  await using load = await startLoad(null, { address: service.address, keepAlive: 4, slow: 0 });
  service.release("v2");
  const { failure } = await service.upgrade();
  assert.notEqual(failure, null);
  assert.match(service.output(), new RegExp(`v2 has ${service.address.split(":")[1]}`));
  const report = await load.stop();
  assert.equal(countLost(report), 0, report.losses.join("\n"));
  assert.deepEqual(Object.keys(report.versions), ["v1"]);
});

test("a worker that is killed is replaced by one that serves, and the workers of another service of that name stay", async (t) => {
  const start = () => startService(t, { files: "koa", main: "server.js" });
  const [service, other] = await Promise.all([start(), start()]);
  const pids = async (): Promise<(number | null)[]> => {
    const { generations } = await service.status();
    return generations.flatMap(({ workers }) =>
      workers.filter(({ phase }) => phase === "ready").map(({ pid }) => pid),
    );
  };
  const before = await pids();
  for (const pid of before) if (pid !== null) process.kill(pid, "SIGKILL");
  assert.equal(await (await fetch(`http://${service.address}/`)).text(), "v1\n");
  await waitUntil("two new workers", 10_000, async () => {
    const now = await pids();
    return now.length === 2 && now.every((pid) => !before.includes(pid));
  });
  assert.equal(await other.stop(), 0);
  assert.doesNotMatch(other.output(), /got SIGTERM/);
});
