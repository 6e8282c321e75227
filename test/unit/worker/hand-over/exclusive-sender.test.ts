import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFd } from "../../../../src/linux/fd.js";
import { Rig, turns, typesOf } from "./rig.js";

test("exclusive: nothing is sent while one is busy; then the state goes first", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  from.inFlight = 1;
  for (const fd of await rig.connections.open(60)) from.put(fd);
  const puppet = rig.puppet(b);
  const { sender, events } = rig.sender([a], from, { exclusive: true });
  await rig.until("all that is idle to be held back", () => sender.moving === 60);
  await turns();
  assert.deepEqual(puppet.seen, []);
  assert.deepEqual(events, []);
  assert.equal(from.cuts, 0);
  const [last] = await rig.connections.open(1);
  if (last !== undefined) from.put(last, { meta: { last: true } });
  from.inFlight = 0;
  from.changed();
  await rig.until("two batches", () => typesOf(puppet).length === 3);
  assert.deepEqual(typesOf(puppet), ["state", "prepare", "prepare"]);
  assert.equal(sender.moving, 61);
});

for (const [what, cuts, answer] of [
  ["a peer refuses while it lives", 2, { type: "received", batch: 1, refused: [0] }],
  ["a peer that breaks the rules had been sent", 2, { type: "nonsense" }],
  ["a peer had that is gone", 1, undefined],
] as const) {
  const fate = cuts === 1 ? "is served on" : "is not served with a state that has gone";
  test(`exclusive: what ${what} ${fate}`, async () => {
    await using rig = new Rig();
    const [a, b] = rig.pair();
    const from = rig.carrier();
    for (const fd of await rig.connections.open(1)) from.put(fd);
    const puppet = rig.puppet(b);
    const { events } = rig.sender([a], from, { exclusive: true });
    await rig.until("the batch", () => typesOf(puppet).includes("prepare"));
    assert.equal(from.cuts, 1);
    if (answer === undefined) puppet.channel.close();
    else puppet.say(answer);
    await rig.until("it to be here again", () => events.includes("idle"));
    assert.equal(from.held.length, 1);
    assert.equal(from.cuts, cuts);
  });
}

test("exclusive: a peer that is lost before the state was asked for leaves all of it here", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  from.inFlight = 1;
  for (const fd of await rig.connections.open(10)) from.put(fd);
  const { sender, events } = rig.sender([a], from, { exclusive: true });
  await rig.until("all to be held back", () => sender.moving === 10);
  from.stuck = true;
  closeFd(b);
  await rig.until("all to be back", () => from.held.length === 10);
  assert.equal(events.includes("state"), false);
  assert.equal(rig.connections.closed, 0);
});

test("at the deadline what was held back for the state goes with it, and nothing more", async () => {
  await using rig = new Rig();
  const [a, b] = rig.pair();
  const from = rig.carrier();
  from.inFlight = 1;
  for (const fd of await rig.connections.open(70)) from.put(fd);
  const to = rig.receiver(b);
  const { sender } = rig.sender([a], from, { exclusive: true });
  await rig.until("all to be held back", () => sender.moving === 70);
  sender.end();
  await rig.until("the end", () => to.events.includes("end"));
  assert.equal(to.events[0], "state ");
  assert.equal(to.carrier.held.length, 70);
});
