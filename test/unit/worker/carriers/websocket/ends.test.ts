import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebSocket } from "ws";
import type { WebSocketHooks } from "../../../../../src/worker/carriers/websocket/websocket-hooks.js";
import { until } from "../tcp/rig.js";
import { dial, startSide, stop } from "./rig.js";

const none: WebSocketHooks<WebSocket> = { save: () => null, restore: () => {} };

for (const [how, end] of [
  ["is being closed by the app", (ws: WebSocket) => ws.close(4000)],
  ["broke", (ws: WebSocket) => ws.terminate()],
] as const) {
  test(`a WebSocket that ${how} counts as finished, whatever the drain does with it`, async () => {
    const side = await startSide(none);
    const opened = new Promise<WebSocket>((resolve) => side.wss.once("connection", resolve));
    const client = await dial(side.port);
    end(await opened);
    side.carrier.beginDrain();
    side.carrier.stopMoving();
    side.carrier.cut();
    await until("it is gone", () => side.carrier.open === 0 && client.seen.code !== undefined);
    const { cut, finished } = side.carrier.counters;
    assert.deepEqual({ cut, finished }, { cut: 0, finished: 1 });
    await stop(side);
  });
}
