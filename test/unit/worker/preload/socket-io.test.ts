import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { io, type Socket } from "socket.io-client";
import { waitUntil } from "../../../harness/container/wait-until.js";
import { type Service, startService } from "./service.js";

const clients = 4;

function app(atSigterm: string): string {
  return `
    import { readFileSync } from "node:fs";
    import { createServer } from "node:http";
    import { Server } from "socket.io";
    const version = readFileSync("version", "ascii").trim();
    const server = createServer();
    const io = new Server(server);
    io.on("connection", (socket) => socket.on("who", (answer) => answer(version)));
    process.on("SIGTERM", () => { ${atSigterm} });
    server.listen(Number(process.env.PORT), "127.0.0.1");`;
}

/** A client that has connected; `failures` gets what it says when it cannot do so again. */
async function dial(t: TestContext, { address }: Service, failures: string[]): Promise<Socket> {
  const socket = io(`http://${address}`, {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 50,
  });
  t.after(() => socket.close());
  socket.on("connect_error", ({ message }) => failures.push(message));
  await waitUntil("a connection", 10_000, () => socket.connected);
  return socket;
}

for (const [what, atSigterm] of [
  ["does nothing at SIGTERM", ""],
  ["closes itself at SIGTERM", "io.close(() => process.exit());"],
]) {
  test(`clients of a Socket.IO app that ${what} are with the new version after an upgrade, and none was refused`, async (t) => {
    const service = await startService(t, {
      files: { "app.mjs": app(atSigterm ?? "") },
      main: "app.mjs",
      config: 'drain = { timeout = "3s" }',
    });
    const failures: string[] = [];
    const sockets = await Promise.all(Array.from({ length: clients }, () => dial(t, service, failures)));
    const ask = (): Promise<string[]> =>
      Promise.all(sockets.map((socket) => socket.timeout(10_000).emitWithAck("who")));
    assert.deepEqual(await ask(), Array(clients).fill("v1"));
    service.release("v2");
    assert.equal((await service.upgrade()).failure, null, service.output());
    await waitUntil("the end of the old generation", 20_000, async () => {
      return (await service.status()).generations.length === 1;
    });
    await waitUntil("connected clients", 20_000, () => sockets.every(({ connected }) => connected));
    assert.deepEqual(await ask(), Array(clients).fill("v2"));
    assert.deepEqual(failures, []);
    assert.equal(await service.stop(), 0);
  });
}
