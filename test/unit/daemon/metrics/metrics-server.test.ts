import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { MetricsServer, type MetricsServerOptions } from "../../../../src/daemon/metrics/metrics-server.js";
import { openPromise } from "../../../../src/lib/open-promise.js";
import { openAt } from "../../../harness/process/ports.js";
import { FakePort } from "../../control/fake-port.js";
import { exchangeBytes, temporaryDirectory } from "../../control/rig.js";

interface Served {
  readonly server: MetricsServer;
  readonly path: string;
}

function serve(t: TestContext, options: Partial<MetricsServerOptions> = {}): Served {
  const path = join(temporaryDirectory(t), "metrics.sock");
  const port = new FakePort();
  const server = new MetricsServer({
    recount: () => port.recount(),
    metrics: () => port.metrics(),
    warn: assert.fail,
    ...options,
  });
  server.serve(openAt({ kind: "unix", path }), assert.fail);
  t.after(() => server.close());
  return { server, path };
}

function ask(path: string, request: string): Promise<string> {
  return exchangeBytes(path, `${request} HTTP/1.1\r\nHost: x\r\n\r\n`);
}

test("nothing but metrics is told, and only to GET and HEAD", async (t) => {
  const { path } = serve(t);
  const told = await ask(path, "GET /metrics");
  assert.match(
    told,
    /^HTTP\/1\.1 200 OK\r\nConnection: close\r\nContent-Type: text\/plain; version=0\.0\.4; /,
  );
  assert.match(told, /\nholdfast_active_generation\{service="web"\} 8\n/);
  assert.equal(await ask(path, "GET /metrics?name[]=up").then((answer) => answer.slice(9, 12)), "200");
  const head = await ask(path, "HEAD /metrics");
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, /\r\n\r\n$/);
  for (const target of [
    "/",
    "/v1/status",
    "/v1/upgrade",
    "/metrics/",
    "//metrics",
    "/metrics/../v1/status",
    "*",
  ])
    assert.match(await ask(path, `GET ${target}`), /^HTTP\/1\.1 404 /, target);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"]) {
    const refused = await ask(path, `${method} /metrics`);
    assert.match(refused, /^HTTP\/1\.1 405 /, method);
    assert.match(refused, /\r\nAllow: GET, HEAD\r\n/, method);
  }
  assert.match(await exchangeBytes(path, "\x16\x03\x01\x02\x00\x01\r\n\r\n"), /^HTTP\/1\.1 400 /);
  const large = `GET /metrics HTTP/1.1\r\nX: ${"x".repeat(10_000)}\r\n\r\n`;
  assert.match(await exchangeBytes(path, large), /^HTTP\/1\.1 431 /);
});

test("however many ask at once, the workers are asked once, and all are told", async (t) => {
  let asked = 0;
  const { path } = serve(t, {
    recount: async () => {
      asked += 1;
    },
  });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(path, "GET /metrics")));
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.equal(asked, 1);
});

test("where the workers cannot be asked, what is known is told", async (t) => {
  const { path } = serve(t, { recount: () => Promise.reject(new Error("no")) });
  assert.match(await ask(path, "GET /metrics"), /^HTTP\/1\.1 200 /);
});

test("metrics that cannot be made are a warning, and the scraper hears nothing", async (t) => {
  const warnings: string[] = [];
  const { path } = serve(t, {
    metrics: () => {
      throw new Error("a bug");
    },
    warn: (message) => warnings.push(message),
  });
  assert.equal(await ask(path, "GET /metrics"), "");
  assert.deepEqual(warnings, ["a scraper cannot be answered: a bug"]);
});

test("who says nothing, or stops in the middle, is left after a time", async (t) => {
  const { path } = serve(t, { timeoutMs: 50 });
  assert.equal(await exchangeBytes(path, ""), "");
  assert.equal(await exchangeBytes(path, "GET /metrics HTTP/1.1\r\nHost:"), "");
});

test("one connection more takes the place of the oldest", async (t) => {
  const { path } = serve(t);
  const first = exchangeBytes(path, "");
  const others = Array.from({ length: 32 }, () => connect(path).on("error", () => {}));
  t.after(() => {
    for (const other of others) other.destroy();
  });
  assert.equal(await first, "");
  assert.match(await ask(path, "GET /metrics"), /^HTTP\/1\.1 200 /);
});

test("a scraper that waits when the server closes is told what is known", async (t) => {
  const begun = openPromise<void>();
  const { path, server } = serve(t, {
    recount: () => {
      begun.resolve();
      return new Promise(() => {});
    },
  });
  const answer = ask(path, "GET /metrics");
  await begun.promise;
  await server.close();
  assert.match(await answer, /^HTTP\/1\.1 200 /);
});
