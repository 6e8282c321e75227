import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { WebSocket } from "ws";
import type { WebSocketHooks } from "../../../../../src/worker/carriers/websocket/websocket-hooks.js";
import { move } from "../tcp/rig.js";
import type { Side } from "./rig.js";

/** Echoes: binary as it is, text with the count of messages so far; and counts the turns of a clock. */
export function echo(closes: string[]): WebSocketHooks<WebSocket> {
  const known = new WeakMap<WebSocket, { count: number; ticks: number; timer: NodeJS.Timeout }>();
  return {
    save(ws) {
      const app = known.get(ws);
      if (app === undefined) throw new Error("unknown");
      clearInterval(app.timer);
      return { count: app.count, ticks: app.ticks };
    },
    restore(ws, saved, request) {
      const from = saved === undefined ? { count: 0, ticks: 0 } : saved;
      if (typeof from !== "object" || from === null || !("count" in from) || !("ticks" in from)) {
        throw new Error("bad state");
      }
      const app = {
        count: Number(from.count),
        ticks: Number(from.ticks),
        timer: setInterval(() => tick(), 5),
      };
      const tick = () => ws.send(JSON.stringify({ tick: ++app.ticks }));
      tick();
      known.set(ws, app);
      ws.on("message", (data, isBinary) => {
        app.count++;
        ws.send(
          isBinary ? data : JSON.stringify({ echo: String(data), count: app.count, url: request.url }),
          {
            binary: isBinary,
          },
        );
      });
      ws.on("close", () => {
        clearInterval(app.timer);
        closes.push(request.url ?? "");
      });
    },
  };
}

/** Moves all connections from one side to the other and back, so many times. Returns how many moved. */
export async function shuttle(a: Side, b: Side, rounds: number, total: number): Promise<number> {
  let moved = 0;
  for (let round = 0; round < rounds; round++) {
    const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
    moved += await move(from.carrier, to.carrier);
    assert.equal(from.wss.clients.size + to.wss.clients.size, total);
    if (round % 4 === 0) await nextTurn();
  }
  return moved;
}
