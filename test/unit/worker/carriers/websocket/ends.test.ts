import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import type { WebSocketHooks } from "../../../../../src/worker/carriers/websocket/websocket-hooks.js";
import { countSockets, move, until } from "../tcp/rig.js";
import { dial, startSide, stop } from "./rig.js";

const none: WebSocketHooks<WebSocket> = { save: () => null, restore: () => {} };

for (const [how, end] of [
  ["is being closed by the app", (ws: WebSocket) => ws.close(4000)],
  ["broke", (ws: WebSocket) => ws.terminate()],
] as const) {
  test(`a WebSocket that ${how} counts as finished, whatever the drain does with it`, async (t) => {
    const side = await startSide(none);
    t.after(() => stop(side));
    const opened = new Promise<WebSocket>((resolve) => side.wss.once("connection", resolve));
    const client = await dial(side.port);
    end(await opened);
    side.carrier.beginDrain();
    side.carrier.stopMoving();
    side.carrier.cut();
    await until("it is gone", () => side.carrier.open === 0 && client.seen.code !== undefined);
    const { cut, finished } = side.carrier.counters;
    assert.deepEqual({ cut, finished }, { cut: 0, finished: 1 });
  });
}

test("a WebSocket for which the app's class throws is closed and counted, and nothing of it is left", async (t) => {
  const refuse = (): never => {
    throw new Error("not this one");
  };
  class Picky extends WebSocket {
    readonly user: string = refuse();
  }
  const [from, to] = [await startSide(none), await startSide(none, { WebSocket: Picky })];
  t.after(() => stop(from, to));
  const before = countSockets();
  const client = await dial(from.port);
  await until("it is accepted", () => from.carrier.open === 1);
  await assert.rejects(move(from.carrier, to.carrier), { code: "restore-failed", message: /not this one/ });
  await until("it is closed", () => client.seen.code === 1006);
  assert.deepEqual([to.carrier.open, to.carrier.counters.cut, to.carrier.counters.adopted], [0, 1, 0]);
  await until("its sockets are closed", () => countSockets() <= before);
});
