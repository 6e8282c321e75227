import assert from "node:assert/strict";
import { test } from "node:test";
import { untoldLimit } from "../../../../src/channel/peer-messages.js";
import { closeFd } from "../../../../src/linux/fd.js";
import { createMemfd } from "../../../../src/linux/memfd.js";
import { receiveMessage, sendMessage } from "../../../../src/linux/message.js";
import { countFds } from "../../../harness/process/open-fds.js";
import { type Puppet, prepare, Rig, turns, typesOf } from "./rig.js";

test("connections arrive with what they carry, and the sender keeps nothing of them", async () => {
  await using rig = new Rig();
  const before = countFds();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  const fds = await rig.connections.open(120);
  fds.forEach((fd, at) => {
    const input = Buffer.from(at % 3 === 0 ? `in ${at}` : "");
    const output = Buffer.from(at % 2 === 0 ? `out ${at}` : "");
    from.put(fd, { meta: { at }, input, output });
  });
  const receiver = rig.receiver(b);
  const { sender, events } = rig.sender([a], from);
  await rig.until("the end", () => receiver.events.includes("end"));
  assert.deepEqual(
    receiver.carrier.held.map(({ meta, input, output }) => [meta["at"], `${input}`, `${output}`]),
    fds.map((_, at) => [at, at % 3 === 0 ? `in ${at}` : "", at % 2 === 0 ? `out ${at}` : ""]),
  );
  assert.deepEqual(events, ["state", "idle"]);
  assert.equal(sender.moving, 0);
  assert.equal(receiver.carrier.adopted, 120);
  assert.equal(rig.connections.closed, 0);
  receiver.carrier.close();
  await rig.until("all clients to see the end", () => rig.connections.closed === 120);
  for (const client of rig.connections.clients) client.destroy();
  await rig.until("no fd more than before", () => countFds() <= before + 1);
});

test("batches grow from one connection to fifty, two are on their way at most, and each go follows its acknowledgement", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  for (const fd of await rig.connections.open(120)) from.put(fd);
  const puppet = rig.puppet(b);
  const { sender } = rig.sender([a], from);
  for (let batch = 1; batch <= 8; batch++) {
    await rig.until(`batch ${batch + 1}`, () => countOf(puppet, "prepare") === Math.min(batch + 1, 8));
    await turns();
    assert.equal(countOf(puppet, "prepare"), Math.min(batch + 1, 8));
    assert.equal(countOf(puppet, "go"), batch - 1);
    puppet.say({ type: "received", batch, refused: [] });
  }
  await rig.until("the end", () => typesOf(puppet).at(-2) === "end");
  assert.deepEqual(
    puppet.seen.map(({ fds }) => fds.length).filter((count) => count > 0),
    [1, 2, 4, 8, 16, 32, untoldLimit, 7],
  );
  assert.deepEqual(typesOf(puppet).slice(0, 5), ["state", "prepare", "prepare", "go", "prepare"]);
  assert.equal(sender.moving, 0);
});

test("a receiver that says how many it takes gets as many at a time, those that are alike as one item", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  const meta = {};
  for (const fd of await rig.connections.open(300)) from.put(fd, { meta });
  const puppet = rig.puppet(b);
  rig.sender([a], from);
  await acknowledgeAll(rig, puppet, 70);
  assert.deepEqual(sizesOf(puppet), [1, 2, 4, 8, 16, 32, 64, 70, 70, 33]);
  const item = { kind: "tcp", listener: "lines", meta, inputBytes: 0, outputBytes: 0 };
  assert.deepEqual(batchesOf(puppet).at(-1)?.message["items"], [{ ...item, times: 33 }]);
});

test("the longer connections take, the fewer go at a time", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  for (const fd of await rig.connections.open(40)) from.put(fd);
  const puppet = rig.puppet(b);
  // Each takes half a millisecond, of the two that a turn of the loop has.
  rig.sender([a], from, { now: () => (40 - from.held.length) / 2 });
  await acknowledgeAll(rig, puppet, 252);
  assert.deepEqual(sizesOf(puppet), [1, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 1]);
});

test("what a receiver refuses stays with its sender, in use, and the rest moves", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  for (const [at, fd] of (await rig.connections.open(5)).entries()) from.put(fd, { meta: { at } });
  const puppet = rig.puppet(b);
  const { events } = rig.sender([a], from);
  await rig.until("two batches", () => countOf(puppet, "prepare") === 2);
  puppet.say({ type: "received", batch: 1, refused: [] });
  await rig.until("three batches", () => countOf(puppet, "prepare") === 3);
  puppet.say({ type: "received", batch: 2, refused: [1] });
  puppet.say({ type: "received", batch: 3, refused: [0] });
  await rig.until("the sender to be idle", () => events.includes("idle"));
  assert.deepEqual(from.held.map(({ meta }) => meta["at"]).toSorted(), [2, 3]);
  assert.equal(rig.connections.closed, 0);
});

test("a receiver refuses connections of a server it has not, and fds that are none", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const puppet = rig.puppet(a);
  const { carrier } = rig.receiver(b);
  const [fd] = await rig.connections.open(1);
  assert.ok(fd !== undefined);
  const file = createMemfd("no socket");
  puppet.say(prepare(1, 1, { listener: "other" }), [fd]);
  puppet.say(prepare(2, 1, { kind: "ws" }), [fd]);
  puppet.say(prepare(3, 2), [file, fd]);
  await rig.until("three answers", () => puppet.seen.length === 3);
  assert.deepEqual(
    puppet.seen.map(({ message }) => message),
    [1, 2, 3].map((batch) => ({ type: "received", batch, refused: [0], most: 1 })),
  );
  puppet.say({ type: "go", batch: 3 });
  await rig.until("the connection", () => carrier.held.length === 1);
  closeFd(file);
  closeFd(fd);
  assert.equal(rig.connections.closed, 0);
});

test("nothing is adopted before go, however long it takes", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const puppet = rig.puppet(a);
  const { carrier } = rig.receiver(b);
  const fds = await rig.connections.open(3);
  puppet.say(prepare(7, 3), fds);
  fds.forEach(closeFd);
  await rig.until("the answer", () => puppet.seen.length === 1);
  await turns();
  assert.equal(carrier.held.length, 0);
  assert.equal(rig.connections.closed, 0);
  puppet.say({ type: "go", batch: 7 });
  await rig.until("the connections", () => carrier.held.length === 3);
});

test("one connection that the app refuses is closed and reported; the others of its batch live", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const puppet = rig.puppet(a);
  const { carrier, events } = rig.receiver(b);
  const fds = await rig.connections.open(3);
  puppet.say(prepare(1, 1), fds.slice(0, 1));
  puppet.say(prepare(2, 2), fds.slice(1));
  fds.forEach(closeFd);
  await rig.until("the answers", () => puppet.seen.length === 2);
  carrier.refusal = new Error("not this one");
  puppet.say({ type: "go", batch: 1 });
  await rig.until("a report", () => events.some((event) => event.includes("not this one")));
  carrier.refusal = undefined;
  puppet.say({ type: "go", batch: 2 });
  await rig.until("the others", () => carrier.held.length === 2);
  await rig.until("the one to be closed", () => rig.connections.closed === 1);
});

test("several peers share the connections, and only one of them gets the state", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const [c, d] = rig.pair();
  const from = rig.carrier();
  for (const fd of await rig.connections.open(126)) from.put(fd);
  const [first, second] = [rig.receiver(b), rig.receiver(d)];
  const entry = { name: "count", version: 1, bytes: 0, sha256: "0".repeat(64) };
  rig.sender([a, c], from, { state: [entry] });
  await rig.until("both ends", () => [first, second].every(({ events }) => events.includes("end")));
  assert.equal(first.events[0], "state count");
  assert.equal(second.events[0], "state ");
  const [one, other] = [first.carrier.held.length, second.carrier.held.length];
  assert.equal(one + other, 126);
  assert.ok(Math.min(one, other) > 40, `${one} and ${other}`);
});

test("metas that make a batch too large for a packet go in smaller ones; one that never fits stays", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  const fds = await rig.connections.open(21);
  fds.forEach((fd, at) => {
    from.put(fd, { meta: { at, text: "x".repeat(at === 20 ? 70_000 : 20_000) } });
  });
  const to = rig.receiver(b);
  const { events } = rig.sender([a], from);
  await rig.until("the end", () => to.events.includes("end"));
  assert.equal(to.carrier.held.length, 20);
  assert.equal(from.held.length, 1);
  assert.ok(events.some((event) => event.includes("1 connection(s) of lines stay")));
  assert.equal(rig.connections.closed, 0);
});

test("a receiver that ends itself takes nothing more, but what it has acknowledged, and is not over before", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const [first, second] = await rig.connections.open(2);
  assert.ok(first !== undefined && second !== undefined);
  const say = (message: object, fds: readonly number[] = []): number =>
    sendMessage(a, Buffer.from(JSON.stringify(message)), fds);
  const { receiver, carrier, events } = rig.receiver(b);
  say(prepare(1, 1), [first]);
  await rig.until("the acknowledgement", () => receiveMessage(a) !== undefined);
  receiver.retire();
  say(prepare(2, 1), [second]);
  await turns();
  assert.equal(events.length, 0);
  say({ type: "go", batch: 1 });
  await rig.until("the end", () => events.includes("closed"));
  assert.equal(carrier.adopted, 1);
  for (const fd of [a, first, second]) closeFd(fd);
});

test("what a worker is being given while it drains goes on to its own peer, and it waits for the end of that", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const between = rig.carrier();
  const incoming = { open: 1 };
  const last = rig.receiver(b);
  const { sender, events } = rig.sender([a], between, { incoming });
  await turns();
  assert.deepEqual(events, ["state"]);
  for (const fd of await rig.connections.open(3)) between.put(fd);
  between.changed();
  await rig.until("all to have moved on", () => last.carrier.adopted === 3);
  assert.deepEqual(events, ["state"]);
  incoming.open = 0;
  sender.lookAgain();
  await rig.until("the end", () => last.events.includes("end"));
  assert.deepEqual(events, ["state", "idle"]);
  assert.equal(rig.connections.closed, 0);
});

function batchesOf({ seen }: Puppet): Puppet["seen"] {
  return seen.filter(({ message }) => message["type"] === "prepare");
}

function sizesOf(puppet: Puppet): number[] {
  return batchesOf(puppet).map(({ fds }) => fds.length);
}

/** Takes all, and says each time how many it takes next. */
async function acknowledgeAll(rig: Rig, puppet: Puppet, most: number): Promise<void> {
  for (let answered = 0; !typesOf(puppet).includes("end"); ) {
    await rig.until(
      "a batch, or the end",
      () => countOf(puppet, "prepare") > answered || typesOf(puppet).includes("end"),
    );
    for (const { message } of batchesOf(puppet).slice(answered)) {
      puppet.say({ type: "received", batch: message["batch"], refused: [], most });
      answered += 1;
    }
  }
}

function countOf(puppet: Puppet, type: string): number {
  return typesOf(puppet).filter((one) => one === type).length;
}
