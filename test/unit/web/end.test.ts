import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get } from "node:http";
import { test } from "node:test";
import { Feeds } from "../../../src/web/feeds.js";

test("a server that closes when the streams have been sent to their ends cuts none of them off", async (context) => {
  const server = createServer((_, response) => {
    feeds.open(response, { actions: false, token: false, csrf: null, user: null }, undefined, []);
  });
  const feeds = new Feeds({ boot: "x", samplesOf: () => [], onWatched() {} });
  server.listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const [response] = await once(get({ port: address.port, host: "127.0.0.1" }), "response");
  // The stream's end waits behind this.
  feeds.onInstances([
    { name: "web", unit: null, status: null, failure: "x".repeat(8 << 20), stopped: false },
  ]);
  const closed = feeds.end().then(() => server.close());
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  await closed;
  assert.ok(bytes > 8 << 20);
});
