import assert from "node:assert/strict";
import { once } from "node:events";
import { lstatSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Address, formatAddress, parseAddress } from "../../../src/lib/address.js";
import { readBacklog } from "../../../src/linux/backlog.js";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd, duplicateFd, isOpen } from "../../../src/linux/fd.js";
import { listenAgain, openListener, setBacklog } from "../../../src/linux/listener.js";
import { hasHungUp } from "../../../src/linux/poll.js";
import { inspectSocket, peerCredentials } from "../../../src/linux/socket.js";
import { AF_UNIX } from "../../../src/linux/socket-address.js";
import { openSocket, SOCK_STREAM } from "../../../src/linux/socket-calls.js";
import { connectUnix } from "../../../src/linux/unix-path.js";
import { shutDown } from "../../harness/process/shut-down.js";
import { temporaryDirectory } from "./temporary-directory.js";

const loopback = { family: 4, host: "127.0.0.1", port: 0 } as const;

function open(t: TestContext, address: Address, mode?: number): number {
  const opened = openListener(address, mode === undefined ? { backlog: 16 } : { backlog: 16, mode });
  assert.ok(opened.ok, opened.ok ? "" : opened.failure.message);
  const fd = opened.value;
  t.after(() => {
    if (isOpen(fd)) closeFd(fd);
  });
  return fd;
}

/** The address a socket got, read back from the kernel and parsed. */
function addressOf(fd: number): Address {
  const parsed = parseAddress(inspectSocket(fd)?.address ?? "");
  assert.ok(parsed.ok);
  return parsed.value;
}

test("each kind of address listens as what it says", (t) => {
  const directory = temporaryDirectory(t);
  const cases: [Address, string, string, boolean][] = [
    [{ kind: "tcp", ...loopback }, "inet", "stream", true],
    [{ kind: "udp", ...loopback }, "inet", "dgram", false],
    [{ kind: "tcp", family: 6, host: "::1", port: 0 }, "inet6", "stream", true],
    [{ kind: "udp", family: 6, host: "0:0:0:0:0:0:0:1", port: 0 }, "inet6", "dgram", false],
    [{ kind: "unix", path: join(directory, "web.sock") }, "unix", "stream", true],
    [{ kind: "unix", path: `@holdfast-test-${process.pid}` }, "unix", "stream", true],
  ];
  for (const [address, family, type, listening] of cases) {
    const facts = inspectSocket(open(t, address));
    assert.ok(facts !== undefined);
    assert.deepEqual([facts.family, facts.type, facts.listening], [family, type, listening]);
    const given = formatAddress(address);
    const got = address.kind === "unix" ? facts.address : facts.address.replace(/:\d+$/, ":0");
    assert.equal(got, given);
  }
});

test("a listener made here serves Node's own server, and its queue is seen", { timeout: 5000 }, async (t) => {
  const fd = open(t, { kind: "tcp", ...loopback });
  const address = addressOf(fd);
  assert.ok(address.kind === "tcp");
  assert.deepEqual(readBacklog(fd), { seen: "length", queued: 0, limit: 16 });
  setBacklog(fd, 9);
  const client = connect(address.port, address.host);
  t.after(() => client.destroy());
  await once(client, "connect");
  assert.deepEqual(readBacklog(fd), { seen: "length", queued: 1, limit: 9 });
  const server = createServer((socket) => socket.end("held"));
  server.listen({ fd });
  t.after(() => server.close());
  const [data] = await once(client, "data");
  assert.equal(String(data), "held");
});

test("a taken address is refused with the address and the process that has it", (t) => {
  const directory = temporaryDirectory(t);
  const taken: Address[] = [
    addressOf(open(t, { kind: "tcp", ...loopback })),
    addressOf(open(t, { kind: "udp", ...loopback })),
    addressOf(open(t, { kind: "unix", path: `@holdfast-test-taken-${process.pid}` })),
    addressOf(open(t, { kind: "unix", path: join(directory, "live.sock") })),
  ];
  for (const address of taken) {
    const again = openListener(address, { backlog: 1 });
    assert.ok(!again.ok);
    assert.equal(again.failure.reason, "address-in-use");
    assert.ok(again.failure.message.includes(formatAddress(address)));
    const { message } = again.failure;
    assert.match(message, new RegExp(`: \\S+ \\(pid ${process.pid}( of \\S+)?\\) has it; stop it, or give`));
  }
});

test("a wildcard over a taken port names the process too", (t) => {
  const address = addressOf(open(t, { kind: "tcp", ...loopback }));
  assert.ok(address.kind === "tcp");
  const again = openListener({ kind: "tcp", family: 6, host: "::", port: address.port }, { backlog: 1 });
  assert.ok(!again.ok && again.failure.message.includes(`pid ${process.pid}`));
});

test("a unix socket has its mode whatever the umask", (t) => {
  const path = join(temporaryDirectory(t), "mode.sock");
  const before = process.umask(0o077);
  open(t, { kind: "unix", path }, 0o666);
  assert.equal(process.umask(before), 0o077);
  assert.equal(statSync(path).mode & 0o777, 0o666);
});

test("a stale unix socket is replaced, a live one and other files never", { timeout: 5000 }, async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "web.sock");
  closeFd(open(t, { kind: "unix", path }));
  open(t, { kind: "unix", path });
  const live = lstatSync(path).ino;
  assert.equal(openListener({ kind: "unix", path }, { backlog: 1 }).ok, false);
  assert.equal(lstatSync(path).ino, live);
  const client = connect(path);
  t.after(() => client.destroy());
  await once(client, "connect");

  const plain = join(directory, "notes.txt");
  writeFileSync(plain, "kept");
  const refused = openListener({ kind: "unix", path: plain }, { backlog: 1 });
  assert.ok(!refused.ok && refused.failure.message.includes(plain));
  assert.equal(statSync(plain).size, 4);
});

test("what cannot be bound is a failure that says why", (t) => {
  const elsewhere = openListener({ kind: "tcp", family: 4, host: "192.0.2.1", port: 0 }, { backlog: 1 });
  assert.ok(!elsewhere.ok && elsewhere.failure.reason === "address-not-available");
  const path = join(temporaryDirectory(t), "missing", "web.sock");
  const nowhere = openListener({ kind: "unix", path }, { backlog: 1 });
  assert.ok(!nowhere.ok && /directory does not exist/.test(nowhere.failure.message));
});

test("a unix peer is who the kernel says", (t) => {
  const path = join(temporaryDirectory(t), "control.sock");
  open(t, { kind: "unix", path });
  const fd = openSocket(AF_UNIX, SOCK_STREAM);
  t.after(() => closeFd(fd));
  assert.equal(connectUnix(fd, path), 0);
  assert.deepEqual(peerCredentials(fd), {
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
});

test("every fd of one socket has one id, and other things are no sockets", (t) => {
  const first = open(t, { kind: "tcp", ...loopback });
  const second = open(t, { kind: "tcp", ...loopback });
  assert.notEqual(inspectSocket(first)?.id, inspectSocket(second)?.id);
  assert.equal(inspectSocket(999_999), undefined);
  assert.equal(readBacklog(999_999).seen, "cannot");
  assert.throws(() => peerCredentials(999_999), { code: "EBADF" });
});

test("a TCP listener that was shut down is noticed, no client of it is, and it listens again for all", async (t) => {
  using watcher = new Watcher();
  const fd = open(t, { kind: "tcp", ...loopback });
  const copy = duplicateFd(fd);
  t.after(() => closeFd(copy));
  let ends = 0;
  const ended = new Promise<void>((resolve) => {
    watcher.watchEnd(fd, () => {
      ends += 1;
      watcher.unwatch(fd);
      resolve();
    });
  });
  const address = addressOf(fd);
  assert.ok(address.kind === "tcp");
  const client = connect(address.port, address.host);
  await once(client, "connect");
  client.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([ends, hasHungUp(fd)], [0, false]);
  shutDown(copy);
  await ended;
  assert.ok(hasHungUp(fd));
  assert.ok(listenAgain(fd, address, 16).ok);
  assert.ok(!hasHungUp(copy));
  const again = connect(address.port, address.host);
  await once(again, "connect");
  again.destroy();
});

test("a unix listener that was shut down stays so", (t) => {
  const address: Address = { kind: "unix", path: join(temporaryDirectory(t), "web.sock") };
  const fd = open(t, address);
  shutDown(fd);
  assert.ok(hasHungUp(fd));
  assert.ok(!listenAgain(fd, address, 16).ok);
});

test("an address on one network interface is bound to that, and read back with it", (t) => {
  const address: Address = { kind: "tcp", ...loopback, device: "lo" };
  assert.match(inspectSocket(open(t, address))?.address ?? "", /^127\.0\.0\.1%lo:\d+$/);
  const missing = openListener({ ...address, device: "no-such-if" }, { backlog: 1 });
  assert.ok(!missing.ok && missing.failure.reason === "address-not-available");
  const unzoned = openListener({ kind: "tcp", family: 6, host: "fe80::1", port: 80 }, { backlog: 1 });
  assert.ok(!unzoned.ok);
  assert.match(unzoned.failure.message, /%eth0/);
});
