import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectSocket } from "../../../src/linux/socket.js";
import { waitsForClients } from "../../../src/linux/waits-for-clients.js";
import { DEADLINE_MS, waitUntil } from "../../harness/container/wait-until.js";
import { startAcceptor } from "./acceptor.js";
import { loopback, openQueue } from "./queues.js";

const limit = { timeout: 20_000 };

/** Has the listener, and a socket of its own that it accepts from. */
const elsewhere = `
  require("node:net").createServer(() => {}).listen(0, "127.0.0.1", () => console.log("accepting"));`;

test("a process that waits with epoll at a listener is seen, itself and by its parent", limit, async (t) => {
  const [listener, other] = [openQueue(t, loopback), openQueue(t, loopback)];
  const inode = inspectSocket(listener)?.id ?? "";
  for (const indirect of [false, true]) {
    const { pid } = await startAcceptor(t, listener, { indirect });
    // Node says that it listens a moment before it waits.
    await waitUntil("that it waits", DEADLINE_MS, () => waitsForClients(pid, inode));
    assert.equal(waitsForClients(pid, inspectSocket(other)?.id ?? ""), false);
  }
});

test("one that has the listener, and waits for others, is not; nor is one that is gone", limit, async (t) => {
  const listener = openQueue(t, loopback);
  const inode = inspectSocket(listener)?.id ?? "";
  const { pid } = await startAcceptor(t, listener, { code: elsewhere });
  assert.equal(waitsForClients(pid, inode), false);
  assert.equal(waitsForClients(2 ** 23, inode), false);
});
