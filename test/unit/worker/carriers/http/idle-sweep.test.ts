import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { type Idle, IdleSweep } from "../../../../../src/worker/carriers/http/idle-sweep.js";
import { until } from "../tcp/rig.js";

test("thousands that are idle are found some at a time, with other work between", async () => {
  const sockets = new Set(Array.from({ length: 1_000 }, () => new Socket()));
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
