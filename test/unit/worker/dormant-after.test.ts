import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import { createAppServer } from "../../../src/worker/serve.js";
import { RawClient } from "./carriers/http/raw-client.js";
import { listen, until } from "./carriers/tcp/rig.js";

test("what serve() is given as dormantAfter is a duration, or is refused by its name", () => {
  assert.throws(
    () => createAppServer(createServer(), "http", async () => {}, { dormantAfter: "soon" }),
    /dormantAfter: .*soon/,
  );
});

test("of a served server with dormantAfter a silent client has no socket, and its next request is answered", async () => {
  const sockets: Socket[] = [];
  const server = createServer((_, response) => response.end("here"));
  server.on("connection", (socket) => sockets.push(socket));
  const { carrier } = createAppServer(server, "http", async () => {}, { dormantAfter: "20ms" });
  const client = await RawClient.connect(await listen(server));
  assert.equal((await client.get("/")).body, "here");
  await until("its socket is gone", () => sockets[0]?.destroyed === true);
  assert.equal(carrier.open, 1);
  assert.equal((await client.get("/")).body, "here");
  assert.equal(sockets.length, 2);
  client.close();
  server.close();
  await once(server, "close");
});
