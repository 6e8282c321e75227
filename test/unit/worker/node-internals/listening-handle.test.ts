import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Address } from "../../../../src/lib/address.js";
import { isOpen } from "../../../../src/linux/fd.js";
import { openListener } from "../../../../src/linux/listener.js";
import {
  goOnAccepting,
  listeningFdOf,
  stopAccepting,
} from "../../../../src/worker/node-internals/listening-handle.js";
import { deadline, elapse } from "../carriers/http/deadline.js";

const directory = mkdtempSync(join(tmpdir(), "holdfast-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

for (const [what, place] of [
  ["TCP", { kind: "tcp", family: 4, port: 0, host: "127.0.0.1" }],
  ["a unix socket", { kind: "unix", path: join(directory, "socket") }],
] satisfies [string, Address][]) {
  const open = async (): Promise<{ server: Server; reach: () => Socket }> => {
    const server = createServer((socket) => socket.end("x"));
    const listener = openListener(place, { backlog: 128 });
    assert.ok(listener.ok);
    server.listen({ fd: listener.value });
    await deadline("to listen", once(server, "listening"));
    const address = server.address();
    const reach = () =>
      place.kind === "unix" ? connect(place.path) : connect((address as AddressInfo).port, "127.0.0.1");
    return { server, reach };
  };

  test(`${what}: a server that has stopped leaves clients in the queue, and goes on with them`, async () => {
    const { server, reach } = await open();
    const address = server.address();
    for (let time = 0; time < 3; time += 1) {
      assert.equal(stopAccepting(server), true);
      let accepted = 0;
      server.once("connection", () => {
        accepted += 1;
      });
      const client = reach();
      await deadline("the connection", once(client, "connect"));
      await elapse(50);
      assert.equal(accepted, 0);
      assert.deepEqual([server.listening, server.address()], [true, address]);
      goOnAccepting(server, 128);
      assert.equal(String((await deadline("an answer", once(client, "data")))[0]), "x");
      client.destroy();
    }
    server.close();
    await deadline("the end", once(server, "close"));
    assert.equal(stopAccepting(server), false);
  });

  test(`${what}: one that stops while it is told of a connection serves that one, and no other`, async () => {
    const { server, reach } = await open();
    let accepted = 0;
    server.prependListener("connection", () => {
      accepted += 1;
      stopAccepting(server);
    });
    const clients = [reach(), reach(), reach()];
    await Promise.all(clients.map((client) => deadline("the connection", once(client, "connect"))));
    await elapse(50);
    assert.equal(accepted, 1);
    for (const client of clients) client.destroy();
    server.close();
  });

  test(`${what}: one that is closed while it has stopped is closed, and stays so`, async () => {
    const { server } = await open();
    stopAccepting(server);
    const fd = listeningFdOf(server) ?? -1;
    server.close();
    await deadline("the end", once(server, "close"));
    assert.equal(isOpen(fd), false);
    goOnAccepting(server, 128);
    assert.equal(server.listening, false);
  });
}
