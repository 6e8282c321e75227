import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { waitUntil } from "../harness/container/wait-until.js";
import { Connection } from "../harness/load/connection.js";
import type { Outcome } from "../harness/load/report.js";

const GOOD = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Version: v1\r\n\r\nv1\n";

/** What a server does with the nth request of a connection. */
type Deed = (socket: net.Socket) => void;

const answer: Deed = (socket) => socket.write(GOOD);
const say =
  (text: string): Deed =>
  (socket) =>
    socket.end(text);
const reset: Deed = (socket) => socket.resetAndDestroy();
const stall: Deed = () => {};

/** Sends as many requests as there are deeds over one connection, as long as it is open, and returns how each ended. */
async function meet(...deeds: Deed[]): Promise<{ outcomes: Outcome[]; idleClosed: number }> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    let nth = 0;
    sockets.push(socket.on("error", () => {}).on("data", () => deeds[nth++]?.(socket)));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const outcomes: Outcome[] = [];
  let idleClosed = 0;
  const timeoutMs = deeds.includes(stall) ? 500 : 20_000;
  const connection = new Connection(`127.0.0.1:${address.port}`, () => idleClosed++);
  for (const _ of deeds) {
    if (connection.isOpen)
      outcomes.push((await connection.request("/", { close: false, timeoutMs })).outcome);
  }
  connection.close();
  for (const socket of sockets) socket.destroy();
  server.close();
  return { outcomes, idleClosed };
}

describe("the load client tells how each request ended", () => {
  const cases: [string, Deed[], Outcome[]][] = [
    ["answered, twice on one connection", [answer, answer], ["ok", "ok"]],
    [
      "answered with Connection: close",
      [say(GOOD.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))],
      ["ok"],
    ],
    ["reset without an answer", [reset], ["reset"]],
    ["closed without an answer", [say("")], ["cut"]],
    ["closed in the middle of the head", [say(GOOD.slice(0, 20))], ["cut"]],
    ["closed in the middle of the body", [say(GOOD.slice(0, -1))], ["cut"]],
    ["closed when sent on a kept-alive connection", [answer, say("")], ["ok", "lostOnReuse"]],
    ["reset when sent on a kept-alive connection", [answer, reset], ["ok", "lostOnReuse"]],
    ["cut on a kept-alive connection", [answer, say(GOOD.slice(0, -1))], ["ok", "cut"]],
    ["answered with a byte too many", [say(`${GOOD}!`)], ["bad"]],
    ["answered with 503", [say(GOOD.replace("200 OK", "503 Busy"))], ["bad"]],
    ["answered in another language", [say("220 smtp.example\r\n\r\n")], ["bad"]],
    ["never answered", [stall], ["timedOut"]],
  ];
  for (const [name, deeds, expected] of cases) {
    it(name, async () => assert.deepEqual(await meet(...deeds), { outcomes: expected, idleClosed: 0 }));
  }

  it("refused: nobody listens", async () => {
    const server = net.createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    await new Promise((resolve) => server.close(resolve));
    const connection = new Connection(`127.0.0.1:${address.port}`, () => {});
    assert.equal((await connection.request("/", { close: true, timeoutMs: 5000 })).outcome, "refused");
  });

  it("refused: no such unix socket", async () => {
    const connection = new Connection("/nonexistent/web.sock", () => {});
    assert.equal((await connection.request("/", { close: true, timeoutMs: 5000 })).outcome, "refused");
  });

  it("not lost: a connection closed by the server while no request is outstanding", async () => {
    const server = net.createServer((socket) => socket.on("data", () => socket.end(GOOD)));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    let idleClosed = 0;
    const connection = new Connection(`127.0.0.1:${address.port}`, () => idleClosed++);
    assert.equal((await connection.request("/", { close: false, timeoutMs: 5000 })).outcome, "ok");
    await waitUntil("the idle close", 5000, () => !connection.isOpen);
    assert.equal(idleClosed, 1);
    server.close();
  });
});
