import assert from "node:assert/strict";
import { test } from "node:test";
import { readListenDrops } from "../../../src/linux/netstat.js";
import { connectClients, loopback, openQueue } from "./queues.js";

test("a client for whom a full queue has no room is counted", (context) => {
  const before = readListenDrops();
  assert.ok(before !== undefined);
  const listener = openQueue(context, loopback, 1);
  // Two fit, and the rest is not answered.
  connectClients(context, listener, 4);
  const after = readListenDrops();
  assert.ok(after !== undefined);
  assert.ok(after.overflows > before.overflows, `${before.overflows} and ${after.overflows}`);
  assert.ok(after.drops >= before.drops + after.overflows - before.overflows);
});
