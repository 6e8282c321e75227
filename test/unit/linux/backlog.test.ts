import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Address } from "../../../src/lib/address.js";
import { type Queue, readBacklog, readQueue } from "../../../src/linux/backlog.js";
import { closeFd } from "../../../src/linux/fd.js";
import { openListener } from "../../../src/linux/listener.js";
import { isReadable } from "../../../src/linux/poll.js";
import { inspectSocket } from "../../../src/linux/socket.js";
import { acceptOne, connectClients, loopback, openQueue } from "./queues.js";
import { temporaryDirectory } from "./temporary-directory.js";

const abstract = (what: string): Address => ({
  kind: "unix",
  path: `@holdfast-test-${what}-${process.pid}`,
});

const kinds: readonly [name: string, address: Address][] = [
  ["TCP on IPv4", loopback],
  ["TCP on IPv6", { kind: "tcp", family: 6, host: "::1", port: 0 }],
  ["TCP on every address", { kind: "tcp", family: 6, host: "::", port: 0 }],
  ["unix", abstract("backlog")],
];

function clientsOf(queue: Queue): string[] {
  assert.equal(queue.seen, "clients", queue.seen === "cannot" ? queue.why : "");
  return queue.seen === "clients" ? [...queue.clients] : [];
}

for (const [name, address] of kinds) {
  test(`the queue of a listener is seen: ${name}`, (t: TestContext) => {
    const fd = openQueue(t, address, 5);
    assert.deepEqual(readBacklog(fd), { seen: "length", queued: 0, limit: 5 });
    assert.equal(isReadable(fd), false);
    assert.deepEqual(clientsOf(readQueue(fd)), []);

    const [first] = connectClients(t, fd, 3);
    assert.deepEqual(readBacklog(fd), { seen: "length", queued: 3, limit: 5 });
    assert.equal(isReadable(fd), true);
    const three = clientsOf(readQueue(fd));
    assert.equal(three.length, 3);
    assert.deepEqual(clientsOf(readQueue(fd)).sort(), three.sort());

    assert.ok(first !== undefined && acceptOne(t, fd) !== undefined);
    const two = clientsOf(readQueue(fd));
    assert.equal(two.length, 2);
    assert.ok(two.every((client) => three.includes(client)));
    assert.deepEqual(readBacklog(fd), { seen: "length", queued: 2, limit: 5 });
  });
}

test("more than a thousand clients of a unix listener are all seen, also of the one that the kernel lists first", (t) => {
  const fd = openFirstListed(t);
  connectClients(t, fd, 1100);
  assert.equal(clientsOf(readQueue(fd)).length, 1100);
});

/** The order is that of a hash over the file's inode number. */
function openFirstListed(t: TestContext): number {
  const directory = temporaryDirectory(t);
  for (let attempt = 0; attempt < 2000; attempt += 1) {
    const path = join(directory, String(attempt));
    const opened = openListener({ kind: "unix", path }, { backlog: 1200 });
    assert.ok(opened.ok);
    const sockets = readFileSync("/proc/net/unix", "utf8").split("\n");
    // The fourth column has the flag of a listener.
    const first = sockets.find((line) => line.split(" ")[3] === "00010000");
    if (first?.endsWith(` ${path}`)) {
      t.after(() => closeFd(opened.value));
      return opened.value;
    }
    closeFd(opened.value);
  }
  return assert.fail("no file comes first");
}

test("clients of another listener on the same port do not wait here", (t) => {
  const fd = openQueue(t, loopback);
  connectClients(t, fd, 1);
  const port = portOf(fd);
  const other = openQueue(t, { kind: "tcp", family: 4, host: "127.0.0.2", port });
  connectClients(t, other, 2);
  assert.deepEqual(
    [fd, other].map((each) => clientsOf(readQueue(each)).length),
    [1, 2],
  );
});

test("what does not listen has no queue, and that is said", (t) => {
  const udp = openListener({ kind: "udp", family: 4, host: "127.0.0.1", port: 0 }, { backlog: 1 });
  assert.ok(udp.ok);
  t.after(() => closeFd(udp.value));
  const [client] = connectClients(t, openQueue(t, loopback), 1);
  for (const fd of [udp.value, client ?? -1, 999_999]) {
    assert.equal(readBacklog(fd).seen, "cannot");
    assert.equal(readQueue(fd).seen, "cannot");
  }
});

function portOf(fd: number): number {
  const address = inspectSocket(fd)?.address ?? "";
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
