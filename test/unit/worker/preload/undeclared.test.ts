import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type TestContext, test } from "node:test";
import { waitUntil } from "../../../harness/container/wait-until.js";
import { countLost } from "../../../harness/load/report.js";
import { startLoad } from "../../../harness/load/start-load.js";
import { freePort } from "../../../harness/process/ports.js";
import { type Service, startService } from "./service.js";

/** Answers on its port, and on another one that its config does not name. */
function app(port: number, bind = `http.createServer(answer).listen(${port}, "127.0.0.1");`) {
  const main = `
    const http = require("node:http");
    const version = require("node:fs").readFileSync("version", "ascii").trim();
    const answer = (request, response) => response.setHeader("X-Version", version).end(version);
    http.createServer(answer).listen(process.env.PORT);
    ${bind}`;
  return { files: { "server.cjs": main }, main: "server.cjs" };
}

async function upgrade(service: Service, version: string): Promise<void> {
  service.release(version);
  assert.equal((await service.upgrade()).failure, null, service.output());
  await waitUntil("one generation", 20_000, async () => (await service.status()).generations.length === 1);
}

async function ask(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text();
}

async function undeclared(service: Service): Promise<readonly string[]> {
  const { listeners } = await service.status();
  return listeners.filter(({ origin }) => origin === "app").map(({ name, address }) => `${name} ${address}`);
}

test("a port that no config names goes from generation to generation with its connections, and the log says what to write", async (t) => {
  const port = freePort();
  const service = await startService(t, app(port));
  const name = `undeclared-${port} 127.0.0.1:${port}`;
  assert.deepEqual(await undeclared(service), [name]);
  await using load = await startLoad(null, { address: `127.0.0.1:${port}`, keepAlive: 8, slow: 0 });
  for (const version of ["v2", "v3"]) {
    await upgrade(service, version);
    await load.waitFor(version, 20_000, ({ versions }) => (versions[version]?.responses ?? 0) >= 100);
  }
  const report = await load.stop();
  assert.equal(countLost(report), 0, report.losses.join("\n"));
  assert.equal(report.idleClosed, 0);
  assert.deepEqual(await undeclared(service), [name]);
  assert.match(
    service.output(),
    new RegExp(`declare it, as \\[listeners.NAME\\] with address = "127.0.0.1:${port}"`),
  );
});

test("such a port is closed when no generation listens there any more, and declared it is what the config says", async (t) => {
  const port = freePort();
  const service = await startService(t, app(port));
  service.configure(`[listeners.metrics]\naddress = "127.0.0.1:${port}"`);
  await upgrade(service, "v2");
  assert.deepEqual(await undeclared(service), []);
  assert.equal(await ask(port), "v2");
  service.configure("");
  await upgrade(service, "v3");
  assert.equal(await ask(port), "v3");
  service.files(app(port, "").files);
  await upgrade(service, "v4");
  await assert.rejects(ask(port));
});

test("a port that a worker without the preload has bound itself is taken over by the next generation", async (t) => {
  const port = freePort();
  const service = await startService(t, app(port, handle(port)));
  service.files(app(port).files);
  await upgrade(service, "v2");
  assert.equal(await ask(port), "v2");
});

test("an upgrade that fails because a stranger has such a port says who has which", async (t) => {
  const port = freePort();
  const service = await startService(t, app(port, ""));
  await listen(t, port);
  service.files(app(port).files);
  service.release("v2");
  const { failure } = await service.upgrade();
  assert.match(
    failure?.message ?? "",
    new RegExp(`127.0.0.1:${port}, which is not in the config: .*cannot listen .*pid ${process.pid}`),
  );
});

/** Past `listen`, as an app of another kind would. */
function handle(port: number): string {
  return `
    const { TCP, constants } = process.binding("tcp_wrap");
    const tcp = new TCP(constants.SERVER);
    tcp.bind("127.0.0.1", ${port});
    tcp.onconnection = (error, client) => client.close();
    tcp.listen(5);`;
}

async function listen(t: TestContext, port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
}
