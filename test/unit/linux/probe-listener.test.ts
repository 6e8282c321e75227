import assert from "node:assert/strict";
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Address } from "../../../src/lib/address.js";
import { libc } from "../../../src/linux/ffi.js";
import { type Probe, probeListener } from "../../../src/linux/probe-listener.js";
import { maxSocketAddressBytes } from "../../../src/linux/socket-address.js";
import { readOwnAddress } from "../../../src/linux/socket-calls.js";
import { inodeAtServer } from "../../../src/linux/tcp-diag.js";
import { countFds } from "../../harness/process/open-fds.js";
import { greeting, hasty, startAcceptor } from "./acceptor.js";
import { acceptOne, connectClients, loopback, openQueue } from "./queues.js";
import { temporaryDirectory } from "./temporary-directory.js";

const limit = { timeout: 20_000 };
const longMs = 10_000;
/** The tests of queues that stand still have to wait it out. */
const shortMs = 1_000;
/** Of no process. */
const noPid = 2 ** 23;

const IPPROTO_TCP = 6;
const TCP_DEFER_ACCEPT = 9;
const setsockopt = libc<[fd: number, level: number, option: number, value: Buffer, length: number]>(
  "int setsockopt(int, int, int, void *, uint32_t)",
);

function probe(listener: number, pids: readonly number[], timeoutMs = longMs): Promise<Probe> {
  return probeListener(listener, pids, AbortSignal.timeout(timeoutMs));
}

const abstract = (what: string): Address => ({ kind: "unix", path: `@holdfast-test-${what}-${process.pid}` });

const kinds: readonly [name: string, address: (t: TestContext) => Address][] = [
  ["TCP on IPv4", () => loopback],
  ["TCP on IPv6", () => ({ kind: "tcp", family: 6, host: "::1", port: 0 })],
  ["TCP on every IPv4 address", () => ({ kind: "tcp", family: 4, host: "0.0.0.0", port: 0 })],
  ["TCP on every address", () => ({ kind: "tcp", family: 6, host: "::", port: 0 })],
  ["TCP on a mapped address", () => ({ kind: "tcp", family: 6, host: "::ffff:127.0.0.1", port: 0 })],
  ["a unix path", (t) => ({ kind: "unix", path: join(temporaryDirectory(t), "web.sock") })],
  ["an abstract unix name", () => abstract("probe")],
];

for (const [name, address] of kinds) {
  test(`the process that accepts is told, and gets nothing but an end: ${name}`, limit, async (t) => {
    const listener = openQueue(t, address(t));
    const { pid, said } = await startAcceptor(t, listener);
    assert.deepEqual(await probe(listener, [noPid, pid]), { seen: "accepted", pid });
    assert.equal(await said(), "end after 0");
  });
}

test("a worker whose child accepts is told", limit, async (t) => {
  const listener = openQueue(t, loopback);
  const { pid } = await startAcceptor(t, listener, { indirect: true });
  assert.deepEqual(await probe(listener, [pid]), { seen: "accepted", pid });
});

test("of two that could accept, the one that did is told", limit, async (t) => {
  const listener = openQueue(t, loopback);
  const both = [await startAcceptor(t, listener), await startAcceptor(t, listener)];
  const pids = both.map(({ pid }) => pid);
  for (const { child, pid } of both) {
    child.kill("SIGSTOP");
    const other = pids.find((each) => each !== pid);
    assert.deepEqual(await probe(listener, pids), { seen: "accepted", pid: other });
    child.kill("SIGCONT");
  }
});

for (const address of [loopback, abstract("stranger")]) {
  test(`that somebody else accepted is told: ${address.kind}`, limit, async (t) => {
    const listener = openQueue(t, address);
    await startAcceptor(t, listener);
    const bystander = await startAcceptor(t, openQueue(t, abstract(`bystander-${address.kind}`)));
    assert.deepEqual(await probe(listener, [noPid, bystander.pid]), { seen: "accepted-unknown" });
  });

  test(`a server that closes at once has accepted: ${address.kind}`, limit, async (t) => {
    const listener = openQueue(t, address);
    const { pid } = await startAcceptor(t, listener, { code: hasty });
    assert.match((await probe(listener, [pid])).seen, /^accepted/);
  });

  test(`a server that speaks first is heard out: ${address.kind}`, limit, async (t) => {
    const listener = openQueue(t, address);
    const { pid, said } = await startAcceptor(t, listener, { code: greeting });
    for (let count = 0; count < 5; count += 1) {
      // What it says may be there before who says it has been found.
      assert.match((await probe(listener, [pid])).seen, /^accepted/);
      assert.equal(await said(), "end");
    }
  });

  test(`a queue that nobody accepts from stands still, empty or full: ${address.kind}`, limit, async (t) => {
    const listener = openQueue(t, address, 4);
    assert.deepEqual(await probe(listener, [process.pid], shortMs), { seen: "stood-still" });
    connectClients(t, listener, 8);
    assert.deepEqual(await probe(listener, [process.pid], shortMs), { seen: "stood-still" });
  });

  test(`a slow server's queue does not stand still: ${address.kind}`, limit, async (t) => {
    const listener = openQueue(t, address);
    connectClients(t, listener, 20);
    const timer = setInterval(() => {
      acceptOne(t, listener);
      connectClients(t, listener, 1);
    }, 300);
    t.after(() => clearInterval(timer));
    assert.deepEqual(await probe(listener, [process.pid], shortMs), { seen: "queued" });
  });

  test(
    `a busy server's queue is never empty, and the probe gets through: ${address.kind}`,
    limit,
    async (t) => {
      const listener = openQueue(t, address);
      connectClients(t, listener, 20);
      const timer = setInterval(() => {
        acceptOne(t, listener);
        connectClients(t, listener, 1);
      }, 5);
      t.after(() => clearInterval(timer));
      assert.deepEqual(await probe(listener, [process.pid]), { seen: "accepted", pid: process.pid });
    },
  );

  test(`a server that is always full is slow, not dead: ${address.kind}`, limit, async (t) => {
    const listener = openQueue(t, address, 4);
    connectClients(t, listener, 8);
    const timer = setInterval(() => {
      acceptOne(t, listener);
      connectClients(t, listener, 4);
    }, 300);
    t.after(() => clearInterval(timer));
    assert.match((await probe(listener, [], shortMs)).seen, /^(queued|accepted-unknown)$/);
  });
}

test("what a probe cannot tell, it says", limit, async (t) => {
  const [client] = connectClients(t, openQueue(t, loopback), 1);
  for (const fd of [client ?? -1, 999_999]) assert.equal((await probe(fd, [])).seen, "cannot");
  const path = join(temporaryDirectory(t), "web.sock");
  const listener = openQueue(t, { kind: "unix", path });
  unlinkSync(path);
  assert.deepEqual(await probe(listener, []), {
    seen: "cannot",
    why: "a connection to it fails (ENOENT)",
  });
});

test("a connection that is not there is not taken for its listener", (t) => {
  const server = readOwnAddress(openQueue(t, loopback), maxSocketAddressBytes);
  const client = readOwnAddress(openQueue(t, loopback), maxSocketAddressBytes);
  assert.ok(typeof server !== "number" && typeof client !== "number");
  assert.equal(inodeAtServer(client, server), undefined);
});

test("a listener that accepts only after data is not taken for a dead one", limit, async (t) => {
  const listener = openQueue(t, loopback);
  const seconds = Buffer.from([5, 0, 0, 0]);
  assert.equal(setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, seconds, seconds.length), 0);
  assert.equal((await probe(listener, [])).seen, "cannot");
});

test("probes leave no fd behind", limit, async (t) => {
  const listener = openQueue(t, loopback);
  const { pid, said } = await startAcceptor(t, listener);
  const before = countFds();
  for (let count = 0; count < 10; count += 1) {
    await probe(listener, [pid]);
    await said();
  }
  const deadline = performance.now() + longMs;
  while (countFds() > before && performance.now() < deadline) await setTimeout(5);
  assert.equal(countFds(), before);
});
