import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { waitUntil } from "../../../harness/container/wait-until.js";
import { type Service, startService } from "./service.js";

/** `db` is what a handler of SIGTERM closes; a request that is held needs it. */
function app(atSigterm: string): string {
  return `
    import { createServer } from "node:http";
    import { WebSocketServer } from "ws";
    let db = "open";
    const server = createServer((request, response) => {
      if (request.url === "/held") setTimeout(() => response.end(db), 500);
      else if (request.url === "/events") response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\\n\\n");
      else response.end("hello");
    });
    const wss = new WebSocketServer({ server });
    process.on("SIGTERM", () => { db = "closed"; ${atSigterm} });
    server.listen(Number(process.env.PORT), "127.0.0.1");`;
}

function start(t: TestContext, atSigterm: string, timeout: string): Promise<Service> {
  const files = { "app.mjs": app(atSigterm) };
  return startService(t, { files, main: "app.mjs", config: `drain = { timeout = "${timeout}" }` });
}

async function dial(
  t: TestContext,
  { address }: Service,
): Promise<{ readonly code: () => number | undefined }> {
  const ws = new WebSocket(`ws://${address}/`);
  let code: number | undefined;
  ws.on("close", (its) => {
    code = its;
  });
  ws.on("error", () => {});
  t.after(() => ws.terminate());
  await once(ws, "open");
  return { code: () => code };
}

/** The body; rejects when it was cut. */
function read({ address }: Service, path: string, begun: () => void = () => {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(`http://${address}${path}`, { agent: false }, (response) => {
      let body = "";
      response.on("data", (bytes: Buffer) => {
        body += bytes;
        begun();
      });
      response.on("end", () => resolve(body)).on("error", reject);
    });
    request.on("error", reject);
  });
}

async function untilOneGeneration(service: Service): Promise<void> {
  const endsAt = performance.now() + 30_000;
  while ((await service.status()).generations.length > 1) assert.ok(performance.now() < endsAt, "it drains");
}

test("an app closes its WebSockets itself in a drain, after its requests; what it does not close ends, and its exit waits", async (t) => {
  const service = await start(
    t,
    "for (const ws of wss.clients) ws.close(1001); server.close(() => console.log('over')); process.exit();",
    "3s",
  );
  const sockets = [await dial(t, service), await dial(t, service)];
  let events: Promise<string> | undefined;
  await new Promise<void>((begun) => {
    events = read(service, "/events", begun);
  });
  const held = read(service, "/held");
  await read(service, "/");
  assert.equal((await service.upgrade()).failure, null);
  assert.equal(await held, "open");
  await untilOneGeneration(service);
  assert.deepEqual(
    sockets.map(({ code }) => code()),
    [1001, 1001],
  );
  assert.equal(await events, "data: 1\n\n");
  assert.match(service.output(), /over/);
});

test("WebSockets that the app does not close are closed with 1012 before the deadline, and count as cut", async (t) => {
  const service = await start(t, "", "6s");
  const sockets = await Promise.all(Array.from({ length: 5 }, () => dial(t, service)));
  assert.equal((await service.upgrade()).failure, null);
  await untilOneGeneration(service);
  // The old generation may be gone before its clients have looked.
  await waitUntil("closed WebSockets", 20_000, () => sockets.every(({ code }) => code() !== undefined));
  const codes = sockets.map(({ code }) => code());
  assert.ok(
    codes.every((code) => code === 1012),
    `${codes}\n${service.output()}`,
  );
  assert.equal((await service.status()).totals[0]?.cut, sockets.length);
});
