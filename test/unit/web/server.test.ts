import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import type { HistoryEntry } from "../../../src/control/replies.js";
import type { InstanceView } from "../../../src/web/feed.js";
import { Rendering } from "../../../src/web/rendering.js";
import { DEADLINE_MS, waitUntil } from "../../harness/container/wait-until.js";
import { exchangeBytes } from "../control/rig.js";
import { ask, reasonIn, startWeb } from "./rig.js";

test("the page, an instance's page, assets and history are answered, and HEAD like GET without a body", async (context) => {
  const { tcp, views, daemon } = await startWeb(context);
  for (const [path, type] of [
    ["/", "text/html; charset=utf-8"],
    ["/i/web", "text/html; charset=utf-8"],
    ["/assets/page-1.js", "text/javascript"],
    ["/api/history/web", "application/json"],
    ["/metrics", "text/plain; version=0.0.4; charset=utf-8"],
  ] as const) {
    const reply = await ask(tcp, path);
    assert.deepEqual([reply.status, reply.headers["content-type"]], [200, type], path);
    const head = await ask(tcp, path, { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [200, ""], path);
    assert.equal(head.headers["content-length"], reply.headers["content-length"], path);
  }
  assert.deepEqual(JSON.parse((await ask(tcp, "/api/history/web")).text), daemon.history_);
  assert.deepEqual([...new Set(views.map(({ instance }) => instance))], [null, "web"]);
  await waitUntil("the status in the page", DEADLINE_MS, async () => {
    await ask(tcp, "/");
    return views.at(-1)?.instances.find(isWeb)?.status?.summary === daemon.report_.summary;
  });
});

function isWeb({ name }: { name: string }): boolean {
  return name === "web";
}

test("what is not there and what is not taken are told apart", async (context) => {
  const { tcp } = await startWeb(context);
  for (const path of [
    "/i/other",
    "/i/",
    "/i/..%2f",
    "/assets/",
    "/assets/../x",
    "/api",
    "/api/act/web/drain",
    "/x",
  ]) {
    assert.equal((await ask(tcp, path)).status, 404, path);
  }
  for (const [method, path, allow] of [
    ["POST", "/", "GET, HEAD"],
    ["DELETE", "/feed", "GET, HEAD"],
    ["GET", "/api/act/web/upgrade", "POST"],
  ] as const) {
    const reply = await ask(tcp, path, { method });
    assert.deepEqual([reply.status, reply.headers.allow], [405, allow], `${method} ${path}`);
  }
});

test("every answer forbids what is inline, frames, guesses of its type and referrers", async (context) => {
  const { tcp } = await startWeb(context);
  for (const path of ["/", "/assets/page-1.js", "/api/history/web", "/nothing"]) {
    const { headers } = await ask(tcp, path);
    const csp = String(headers["content-security-policy"]);
    assert.match(csp, /default-src 'none'.*frame-ancestors 'none'/, path);
    assert.doesNotMatch(csp, /unsafe|data:|\*|http/, path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["referrer-policy"], "no-referrer", path);
    assert.equal(headers["access-control-allow-origin"], undefined, path);
  }
  assert.match(String((await ask(tcp, "/assets/page-1.js")).headers["cache-control"]), /immutable/);
});

test("a name that is not its own is refused, whatever is asked; IP addresses, localhost and what the config names are its own", async (context) => {
  const { tcp, unix } = await startWeb(context, '[web]\nhosts = ["Status.example.org"]');
  for (const host of [
    "localhost",
    "LOCALHOST:9190",
    "127.0.0.1:8000",
    "[::1]:9190",
    "status.example.org",
    "10.1.2.3",
  ]) {
    assert.equal((await ask(tcp, "/", { headers: { host } })).status, 200, host);
  }
  for (const host of ["evil.example", "localhost.evil.example", "status.example.org.evil", "[evil]", "a b"]) {
    for (const path of ["/", "/feed", "/assets/page-1.js", "/api/history/web"]) {
      const reply = await ask(unix, path, { headers: { host } });
      assert.deepEqual([reply.status, reasonIn(reply)], [421, "foreign-host"], `${host} ${path}`);
    }
  }
});

test("another site's page reads nothing but what it can show as a page of its own", async (context) => {
  const { tcp } = await startWeb(context);
  const site = { "sec-fetch-site": "cross-site" };
  for (const path of ["/feed", "/api/history/web"]) {
    assert.equal((await ask(tcp, path, { headers: site })).status, 403, path);
    assert.equal((await ask(tcp, path, { headers: { origin: "http://localhost:1" } })).status, 403, path);
  }
  assert.equal((await ask(tcp, "/", { headers: { ...site, "sec-fetch-mode": "navigate" } })).status, 200);
});

test("a head that is too big, bytes that are no request and a body are refused, and others are answered", async (context) => {
  const { tcp, unix } = await startWeb(context);
  const big = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(40_000)}\r\n\r\n`;
  assert.match(await exchangeBytes(unix.socketPath, big), /^HTTP\/1\.1 431 /);
  assert.match(await exchangeBytes(unix.socketPath, "\x16\x03\x01\x02\x00\r\n\r\n"), /^HTTP\/1\.1 400 /);
  const posted = await ask(tcp, "/api/act/web/upgrade", {
    method: "POST",
    headers: { "content-length": "5000", connection: "close" },
  }).catch(() => undefined);
  assert.ok(posted === undefined || posted.status === 413);
  assert.equal((await ask(tcp, "/")).status, 200);
});

test("an instance that is not there has no history, and one that does not answer tells why in the page", async (context) => {
  const { tcp, views, closeDaemon, socketPath } = await startWeb(context);
  const reply = await ask(tcp, "/api/history/absent");
  assert.deepEqual([reply.status, reasonIn(reply)], [404, "not-running"]);
  await closeDaemon();
  writeFileSync(socketPath, "");
  assert.equal((await ask(tcp, "/i/web")).status, 200);
  assert.match(String(views.at(-1)?.instances.find(isWeb)?.failure), /it is a link, or no socket at all/);
});

test("what was seen is rendered once for all who ask for the same page, and never for one after something else was seen", () => {
  let count = 0;
  const rendering = new Rendering({
    render: () => Buffer.from(String(count++)),
    asset: () => undefined,
  });
  const [seen, history]: [InstanceView[], HistoryEntry[]] = [[], []];
  const pages = [null, null, "web", "web", null].map((name) => String(rendering.render(name, seen, history)));
  assert.deepEqual(pages, ["0", "0", "1", "1", "0"]);
  assert.equal(String(rendering.render("web", seen, [])), "2");
  assert.equal(String(rendering.render(null, [], history)), "3");
});
