import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFd } from "../../../../src/linux/fd.js";
import { createMemfd } from "../../../../src/linux/memfd.js";
import { sendMessage } from "../../../../src/linux/message.js";
import { acknowledgeWithinMs } from "../../../../src/worker/hand-over/peer-link.js";
import { countFds } from "../../../harness/process/open-fds.js";
import { type Puppet, prepare, Rig, typesOf } from "./rig.js";

const nonsense: readonly (readonly [string, object])[] = [
  ["no message", { type: "hello" }],
  ["the acknowledgement of a batch that was not sent", { type: "received", batch: 9, refused: [] }],
  ["a refusal of what was not in the batch", { type: "received", batch: 1, refused: [5] }],
  ["what only a sender says", { type: "go", batch: 1 }],
];

for (const [what, message] of nonsense) {
  test(`a receiver that says ${what} is dropped, and the sender keeps all connections`, async () => {
    await using rig = new Rig();
    const [a, b] = rig.pair();
    const from = rig.carrier();
    for (const fd of await rig.connections.open(5)) from.put(fd);
    const puppet = rig.puppet(b);
    const { events } = rig.sender([a], from);
    await rig.until("the batch", () => typesOf(puppet).includes("prepare"));
    from.stuck = true;
    puppet.say(message);
    await rig.until("the end of the channel", () => typesOf(puppet).includes("closed"));
    await rig.until("the connections to be back", () => from.held.length === 5);
    assert.equal(events.at(-1), "idle");
    await stillOpen(rig, puppet);
  });
}

test("of a receiver that never answers the sender takes all back, and an answer that comes too late gets no go", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  for (const fd of await rig.connections.open(120)) from.put(fd);
  const puppet = rig.puppet(b);
  const { sender, events } = rig.sender([a], from);
  await rig.until("two batches", () => typesOf(puppet).length === 3);
  assert.equal(from.held.length, 117);
  from.stuck = true;
  await rig.until("all to be here again", () => from.held.length === 120);
  puppet.say({ type: "received", batch: 1, refused: [] });
  await rig.until("the end of the channel", () => typesOf(puppet).includes("closed"));
  assert.deepEqual(typesOf(puppet), ["state", "prepare", "prepare", "end", "closed"]);
  assert.equal(sender.moving, 0);
  assert.equal(events.at(-1), "idle");
  await stillOpen(rig, puppet);
});

test("what a silent receiver cannot be told to give back, because its queue is full, stays frozen here", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  for (const fd of await rig.connections.open(5)) from.put(fd);
  const { sender } = rig.sender([a], from);
  await rig.until("two batches", () => sender.moving === 3);
  from.stuck = true;
  const junk = Buffer.from(JSON.stringify({ type: "junk", text: "x".repeat(1000) }));
  while (sendMessage(a, junk, []) > 0) {}
  const overdue = Date.now() + acknowledgeWithinMs + 200;
  await rig.until("the sender to have waited for long enough", () => Date.now() > overdue);
  assert.equal(sender.moving, 3);
  const puppet = rig.puppet(b);
  await rig.until("all to be here again", () => from.held.length === 5);
  await rig.until("the end of the channel", () => typesOf(puppet).includes("closed"));
  assert.equal(typesOf(puppet).at(-2), "end");
  await stillOpen(rig, puppet);
});

test("what a lost peer has not acknowledged goes to another one, and what it has does not", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const [c, d] = rig.pair();
  const from = rig.carrier();
  for (const [at, fd] of (await rig.connections.open(100)).entries()) from.put(fd, { meta: { at } });
  const [first, second] = [rig.puppet(b), rig.receiver(d)];
  rig.sender([a, c], from);
  await rig.until("the first's batch", () => typesOf(first).includes("prepare"));
  first.channel.close();
  await rig.until("the end", () => second.events.includes("end"));
  assert.deepEqual(
    second.carrier.held.map(({ meta }) => Number(meta["at"])).sort((one, other) => one - other),
    Array.from({ length: 100 }, (_, at) => at),
  );
  assert.equal(rig.connections.closed, 0);
});

const bad: readonly (readonly [string, (fd: number, file: number) => readonly [object, number[]]])[] = [
  ["bytes that are no message", () => [{ type: "nonsense" }, []]],
  ["fewer fds than connections", (fd) => [prepare(2, 2), [fd]]],
  ["more fds than connections", (fd) => [prepare(2, 1), [fd, fd]]],
  ["bytes that do not come", (fd) => [prepare(2, 1, { inputBytes: 5 }), [fd]]],
  ["fewer bytes than it says", (fd, file) => [prepare(2, 1, { inputBytes: 5 }), [fd, file]]],
  ["a socket where the bytes should be", (fd) => [prepare(2, 1, { inputBytes: 5 }), [fd, fd]]],
  [
    "several connections in one item with bytes",
    (fd) => [prepare(2, 1, { inputBytes: 5, times: 2 }), [fd, fd]],
  ],
  ["more connections than a batch has", (fd) => [prepare(2, 2, { times: 200 }), [fd, fd]]],
  ["fewer fds than an item has connections", (fd) => [prepare(2, 1, { times: 2 }), [fd]]],
  ["go for a batch that it did not send", () => [{ type: "go", batch: 2 }, []]],
  ["the same batch twice", (fd) => [prepare(1, 1), [fd]]],
];

for (const [what, make] of bad) {
  test(`a sender that sends ${what} is refused, but the go of what was acknowledged before still counts`, async () => {
    await using rig = new Rig();
    const [a, b] = rig.pair();
    const puppet = rig.puppet(a);
    const { carrier, events, tellFate } = rig.receiver(b);
    const [kept, other] = await rig.connections.open(2);
    assert.ok(kept !== undefined && other !== undefined);
    const file = createMemfd("file");
    puppet.say(prepare(1, 1), [kept]);
    await rig.until("the acknowledgement", () => typesOf(puppet).includes("received"));
    // As the sender does when it reads that: its copy is closed before the receiver can tell what it thinks of the rest.
    closeFd(kept);
    const before = countFds();
    const [message, fds] = make(other, file);
    puppet.say(message, fds);
    puppet.say(prepare(3, 1), [other]);
    puppet.say({ type: "go", batch: 1 });
    await rig.until("the connection", () => carrier.held.length === 1);
    await rig.until("the end of the channel", () => typesOf(puppet).includes("closed"));
    assert.deepEqual(typesOf(puppet), ["received", "closed"]);
    assert.equal(countFds(), before - 2, "fds of what was refused are left over");
    tellFate(false);
    assert.equal(events.includes("end"), false, "a sender that lives has not let go of its state");
    tellFate(true);
    assert.equal(events.at(-1), "end");
    assert.equal(rig.connections.closed, 0);
    closeFd(file);
    closeFd(other);
  });
}

test("a sender that goes on talking nonsense with nothing acknowledged is not listened to", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const puppet = rig.puppet(a);
  rig.receiver(b);
  puppet.say({ type: "nonsense" });
  await rig.until("the end of the channel", () => typesOf(puppet).includes("closed"));
});

test("a sender that lives and closes the channel has taken back what it said no go for", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const puppet = rig.puppet(a);
  const { carrier, events, tellFate } = rig.receiver(b);
  const fds = await rig.connections.open(4);
  puppet.say(prepare(1, 2), fds.slice(0, 2));
  puppet.say(prepare(2, 2), fds.slice(2));
  await rig.until("the answers", () => puppet.seen.length === 2);
  const before = countFds();
  puppet.say({ type: "go", batch: 1 });
  puppet.channel.close();
  await rig.until("the loss", () => events.includes("asked"));
  assert.equal(carrier.held.length, 2);
  tellFate(false);
  assert.equal(carrier.held.length, 2);
  // Both ends of the channel, and the copies of the second batch.
  assert.equal(countFds(), before - 4);
  assert.equal(rig.connections.closed, 0);
  fds.forEach(closeFd);
});

for (const refused of [false, true]) {
  test(`a sender that says end has taken back what it said no go for${refused ? ", when it was refused before, too" : ""}`, async () => {
    await using rig = new Rig();
    const [a, b] = rig.pair();
    const puppet = rig.puppet(a);
    const { carrier, events } = rig.receiver(b);
    const fds = await rig.connections.open(4);
    puppet.say(prepare(1, 2), fds.slice(0, 2));
    puppet.say(prepare(2, 2), fds.slice(2));
    await rig.until("the answers", () => puppet.seen.length === 2);
    const before = countFds();
    puppet.say({ type: "go", batch: 1 });
    if (refused) puppet.say({ type: "nonsense" });
    puppet.say({ type: "end" });
    await rig.until("the end", () => events.includes("end"));
    await rig.until("the end of the channel", () => typesOf(puppet).includes("closed"));
    assert.equal(carrier.held.length, 2);
    // Both ends of the channel, and the copies of the second batch.
    assert.equal(countFds(), before - 4);
    assert.equal(rig.connections.closed, 0);
    fds.forEach(closeFd);
  });
}

test("of a sender that died all that it had sent is adopted, with go or without", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const puppet = rig.puppet(a);
  const { carrier, events, tellFate } = rig.receiver(b);
  const fds = await rig.connections.open(6);
  puppet.say(prepare(1, 2), fds.slice(0, 2));
  puppet.say(prepare(2, 2), fds.slice(2, 4));
  await rig.until("the answers", () => puppet.seen.length === 2);
  puppet.say({ type: "go", batch: 1 });
  puppet.say(prepare(3, 2), fds.slice(4));
  fds.forEach(closeFd);
  puppet.channel.close();
  await rig.until("the loss", () => events.includes("asked"));
  assert.equal(carrier.held.length, 2);
  tellFate(true);
  assert.equal(carrier.held.length, 6);
  assert.deepEqual(events.slice(-2), ["released", "end"]);
  assert.equal(rig.connections.closed, 0);
});

/** None of the clients was closed, and none is held by anybody but the sender. */
async function stillOpen(rig: Rig, puppet: Puppet): Promise<void> {
  for (const { fds } of puppet.seen.splice(0)) fds.forEach(closeFd);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(rig.connections.closed, 0);
}
