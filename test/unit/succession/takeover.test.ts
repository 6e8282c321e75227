import assert from "node:assert/strict";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { encodeMessage } from "../../../src/channel/json.js";
import { PacketChannel } from "../../../src/channel/packet-channel.js";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { acceptSeqpacket, connectSeqpacket, listenSeqpacket } from "../../../src/linux/seqpacket.js";
import { ownReach } from "../../../src/succession/reach.js";
import { takeOver } from "../../../src/succession/take-over.js";
import { type Successor, TakeoverSocket } from "../../../src/succession/takeover-socket.js";
import { DEADLINE_MS, waitUntil } from "../../harness/container/wait-until.js";

const stranger = 4242;

interface Place {
  readonly path: string;
  readonly watcher: Watcher;
  /** Done at the end, before the watcher is closed. */
  readonly ends: (() => void)[];
}

function makePlace(t: TestContext): Place {
  const directory = mkdtempSync(join(tmpdir(), "takeover-"));
  const watcher = new Watcher();
  watcher.ref();
  const ends: (() => void)[] = [];
  t.after(() => {
    for (const end of ends) end();
    watcher.close();
    rmSync(directory, { recursive: true });
  });
  return { path: join(directory, "takeover.sock"), watcher, ends };
}

interface Giving {
  readonly warnings: string[];
  readonly successors: Successor[];
}

function give({ path, watcher, ends }: Place): Giving {
  const giving: Giving = { warnings: [], successors: [] };
  const opened = TakeoverSocket.open({
    path,
    name: "web",
    serviceUid: process.getuid?.() ?? 0,
    watcher,
    warn: (message) => giving.warnings.push(message),
  });
  assert.ok(opened.ok);
  opened.value.listen((successor) => giving.successors.push(successor));
  ends.push(() => opened.value.close());
  return giving;
}

/** Connects, says these packets, and tells how the other side ended it and what it said. */
function say({ path, watcher }: Place, ...packets: readonly Buffer[]): Promise<string[]> {
  const fd = connectSeqpacket(path);
  assert.ok(fd !== undefined);
  const heard: string[] = [];
  return new Promise((resolve) => {
    const channel = new PacketChannel({
      fd,
      watcher,
      onPacket: ({ bytes, fds }) => {
        fds.forEach(closeFd);
        heard.push(bytes.toString());
      },
      onClose: () => resolve(heard),
    });
    for (const packet of packets) channel.send(packet);
  });
}

const take = { type: "take", protocol: 2, name: "web", version: "9.9.9", ...ownReach() };

for (const [what, packet] of [
  ["no JSON", Buffer.from("hello")],
  ["zero bytes of sense", Buffer.alloc(60_000)],
  ["an unknown type", encodeMessage({ type: "grab" })],
  ["a wrong field", encodeMessage({ ...take, protocol: "1" })],
  ["a name without end", encodeMessage({ ...take, name: "x".repeat(5_000) })],
] as const) {
  test(`whoever sends ${what} is dropped, and the next is heard`, async (t) => {
    const place = makePlace(t);
    const giving = give(place);
    assert.deepEqual(await say(place, packet), []);
    assert.equal(giving.successors.length, 0);
    assert.equal(giving.warnings.length, 1);
    void say(place, encodeMessage(take));
    await waitUntil("somebody who asks", DEADLINE_MS, () => giving.successors.length > 0);
    assert.match(giving.successors[0]?.who ?? "", /holdfastd 9\.9\.9/);
    assert.equal(giving.successors[0]?.keepsWorkers, true);
  });
}

for (const [what, change, reason] of [
  ["another version of the takeover", { protocol: 1 }, "takeover-version"],
  ["another service", { name: "api" }, "takeover-name"],
] as const) {
  test(`a daemon of ${what} is told why it gets nothing`, async (t) => {
    const place = makePlace(t);
    const giving = give(place);
    const [answer = ""] = await say(place, encodeMessage({ ...take, ...change }));
    assert.equal(JSON.parse(answer).reason, reason);
    assert.equal(giving.successors.length, 0);
  });
}

test("a signal before anything was asked for is refused", async (t) => {
  const place = makePlace(t);
  give(place);
  const [answer = ""] = await say(place, encodeMessage({ type: "ready" }));
  assert.match(answer, /did not begin with/);
});

test("more fds than a packet holds arrive, each under its name", async (t) => {
  const place = makePlace(t);
  const giving = give(place);
  const fds = Array.from({ length: 300 }, (_, n) => ({ fd: createMemfd(`n${n}`), name: `listener-${n}` }));
  t.after(() => fds.forEach(({ fd }) => void closeFd(fd)));
  const taking = takeOver(place.path, "web", place.watcher);
  await waitUntil("somebody who asks", DEADLINE_MS, () => giving.successors.length > 0);
  giving.successors[0]?.give(fds);
  const taken = await taking;
  assert.ok(taken.ok && taken.value !== undefined);
  assert.deepEqual(
    taken.value.fds.map(({ name }) => name),
    fds.map(({ name }) => name),
  );
  for (const { fd } of taken.value.fds) closeFd(fd);
  taken.value.predecessor.ready();
  assert.equal((await giving.successors[0]?.next())?.type, "ready");
});

for (const [what, answer] of [
  ["garbage", Buffer.from("{]")],
  ["a type of a later version", encodeMessage({ type: "fds-and-more", names: [] })],
  ["names without fds", encodeMessage({ type: "fds", names: ["http"] })],
] as const) {
  test(`a predecessor that answers with ${what} is left alone, and nothing is taken`, async (t) => {
    const place = makePlace(t);
    const listening = listenSeqpacket(place.path);
    assert.ok(listening.ok);
    const taking = takeOver(place.path, "web", place.watcher);
    const fd = acceptSeqpacket(listening.value);
    assert.ok(fd !== undefined);
    const channel = new PacketChannel({ fd, watcher: place.watcher, onPacket: () => {}, onClose: () => {} });
    channel.send(answer);
    const taken = await taking;
    assert.ok(!taken.ok);
    assert.match(taken.failure.message, /cannot take over from the daemon at/);
    channel.close();
    closeFd(listening.value);
  });
}

test("where nobody listens there is nothing to take", async (t) => {
  const { path, watcher } = makePlace(t);
  assert.deepEqual(await takeOver(path, "web", watcher), { ok: true, value: undefined });
});

test("nothing is taken from a daemon of another user's, whoever made the socket's name", {
  skip: process.geteuid?.() !== 0 && "needs root, which is who is not to run another user's commands",
}, async (t) => {
  const { path, watcher, ends } = makePlace(t);
  chownSync(dirname(path), stranger, stranger);
  process.seteuid?.(stranger);
  const listening = listenSeqpacket(path);
  process.seteuid?.(0);
  assert.ok(listening.ok);
  ends.push(() => closeFd(listening.value));
  const taken = await takeOver(path, "web", watcher);
  assert.ok(!taken.ok);
  assert.equal(taken.failure.reason, "takeover-foreign");
});
