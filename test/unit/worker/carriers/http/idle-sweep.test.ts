import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { type Idle, IdleSweep } from "../../../../../src/worker/carriers/http/idle-sweep.js";
import { standStill } from "../../../../harness/process/stand-still.js";
import { until } from "../tcp/rig.js";

test("thousands that are idle are found some at a time, with other work between", async () => {
  const first = Array.from({ length: 500 }, () => new Socket());
  const sockets = new Set(first);
  let looks = 0;
  Object.defineProperty(first[0], "bytesRead", {
    get: () => {
      looks += 1;
      if (looks === 1) setImmediate(addOthers);
      return 0;
    },
  });
  /** They are idle one sweep after the first ones, which are at the end of theirs. */
  const addOthers = (): void => {
    sockets.clear();
    for (let n = 0; n < 500; n += 1) sockets.add(new Socket());
    for (const socket of first) sockets.add(socket);
  };
  const found: { readonly count: number; readonly turn: number }[] = [];
  let turn = 0;
  let counting = true;
  const count = (): void => {
    turn += 1;
    if (counting) setImmediate(count);
  };
  count();
  const onIdle = (idle: readonly Idle[]): void => {
    found.push({ count: idle.length, turn });
    for (const { socket } of idle) sockets.delete(socket);
    // By the end of a sweep it is time for the next one.
    standStill(15);
  };
  const sweep = new IdleSweep({ sockets, afterMs: 20, onIdle });
  sweep.begin();
  await until("all are found", () => sockets.size === 0);
  counting = false;
  assert.ok(
    found.every(({ count: many }) => many <= 100),
    JSON.stringify(found),
  );
  assert.equal(new Set(found.map((one) => one.turn)).size, found.length);
});
