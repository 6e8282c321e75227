import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebSocket } from "ws";
import type { WebSocketHooks } from "../../../../../src/worker/carriers/websocket/websocket-hooks.js";
import { turn } from "../http/deadline.js";
import { move, until } from "../tcp/rig.js";
import { partners } from "./rig.js";

const { start, dial } = partners();

/** Echoes, and counts those that came over. */
function echoing() {
  const told = { restored: 0, closed: 0 };
  const hooks: WebSocketHooks<WebSocket> = {
    dormant: true,
    save: () => "known",
    restore(ws, saved) {
      if (saved === "known") told.restored += 1;
      ws.on("message", (data) => ws.send(String(data)));
      ws.on("close", () => {
        told.closed += 1;
      });
    },
  };
  return { hooks, told };
}

test("restore waits for the client to speak, over several workers, and a ping is answered", async () => {
  const { hooks, told } = echoing();
  const [a, b, c] = [await start(hooks), await start(hooks), await start(hooks)];
  const { ws, messages, seen } = await dial(a.port);
  const other = await dial(a.port);
  await until("both are accepted", () => a.carrier.open === 2);
  assert.equal(await move(a.carrier, b.carrier), 2);
  assert.equal(await move(b.carrier, c.carrier), 2);
  assert.deepEqual([told.restored, c.carrier.open, c.wss.clients.size], [0, 2, 0]);
  ws.send("hello");
  await until("it is answered", () => messages.length === 1);
  assert.deepEqual([messages, told.restored, c.wss.clients.size], [["hello"], 1, 1]);
  other.ws.ping();
  await until("a pong", () => other.seen.pongs === 1);
  assert.equal(seen.code, undefined);
});

test("the app hears of the end of a client that has not spoken since", async () => {
  const { hooks, told } = echoing();
  const [a, b] = [await start(hooks), await start(hooks)];
  const { ws } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  await move(a.carrier, b.carrier);
  ws.close(1000);
  await until("it is gone", () => b.carrier.open === 0 && told.closed === 1);
});

test("when nothing moves any more it is closed with 1012 like the others, and counts as cut", async () => {
  const { hooks } = echoing();
  const [a, b] = [await start(hooks), await start(hooks)];
  const { seen } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  await move(a.carrier, b.carrier);
  b.carrier.beginDrain();
  b.carrier.stopMoving();
  await until("it is closed", () => seen.code !== undefined);
  assert.deepEqual([seen.code, b.carrier.counters.cut], [1012, 1]);
});

test("a server that is closed tells so once, after the last of those that are woken up", async () => {
  const { hooks } = echoing();
  const [a, b] = [await start(hooks), await start(hooks)];
  await Promise.all([dial(a.port), dial(a.port)]);
  await until("both are accepted", () => a.carrier.open === 2);
  await move(a.carrier, b.carrier);
  let closes = 0;
  b.server.on("close", () => {
    closes += 1;
  });
  b.server.close();
  b.carrier.beginDrain();
  b.carrier.stopMoving();
  await until("it is closed", () => closes > 0 && b.carrier.open === 0);
  b.carrier.freeze(1);
  await turn();
  assert.equal(closes, 1);
});
