import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { test } from "node:test";
import { isOpen } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { createAppServer } from "../../../src/worker/serve.js";

for (const [what, server] of [
  ["an HTTP server", createServer()],
  ["a UDP socket", createSocket("udp4")],
] as const) {
  test(`what is no connection and comes as a probe for ${what} is closed, and the worker lives`, () => {
    const fd = createMemfd("no connection");
    createAppServer(server, "http", async () => {}).probe(fd);
    assert.equal(isOpen(fd), false);
    server.close();
  });
}
