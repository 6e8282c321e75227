import assert from "node:assert/strict";
import { test } from "node:test";
import { succeed } from "../../../src/lib/failure.js";
import type { Listener } from "../../../src/model/state.js";
import { copied, failure, listener, specify } from "./sample.js";
import { Story } from "./story.js";

const address = "127.0.0.1:9090";

function wants(story: Story, generation: number, index = 0, request = 1): Story {
  return story.send({ type: "listener-wanted", generation, index, request, address });
}

function opened(story: Story, generation: number): Story {
  const id = story.state.nextListener;
  const value: Listener = { ...listener, id, name: "undeclared-9090", address, inode: "9090", origin: "app" };
  const wish = { generation, index: 0, request: 1, address };
  return story.send({ type: "listener-opened", ...wish, result: succeed(value) });
}

/** Of a config that names what generation 1 got; all that is held stays so. */
function candidate(story: Story): Story {
  const { upgrade, listeners } = story.request().state;
  assert(upgrade !== null);
  const result = succeed({
    specification: specify(),
    version: null,
    commit: null,
    held: listeners,
    listeners: [1],
  });
  story.send({ type: "prepared", upgrade: upgrade.id, result });
  const making = story.state.snapshots.find(({ phase }) => phase === "making");
  if (making !== undefined) story.send(copied(making.id));
  return story.spawnAll();
}

const used = (story: Story, generation: number): readonly number[] =>
  story.state.generations.find(({ id }) => id === generation)?.listeners ?? [];

test("a listener that an app wants is opened once, and given to each worker that asks", () => {
  const story = wants(new Story().start(), 1);
  assert.deepEqual(story.did("open-listener"), [
    { type: "open-listener", generation: 1, index: 0, request: 1, address },
  ]);
  opened(story, 1);
  assert.equal(story.did("give-listener")[0]?.result.ok, true);
  wants(story, 1, 1, 7);
  assert.deepEqual(story.did("open-listener"), []);
  const [given] = story.did("give-listener");
  assert.deepEqual([given?.index, given?.request, given?.result.ok], [1, 7, true]);
  assert.deepEqual(used(story, 1), [1, 2]);
});

test("it goes on with a generation that asks for it, and is closed with the last one that has", () => {
  const story = opened(wants(new Story().start(), 1), 1);
  wants(candidate(story), 2).allReady().end(1);
  assert.deepEqual(story.did("close-listener"), []);
  assert.deepEqual(used(story, 2), [1, 2]);
  candidate(story).allReady().end(2);
  assert.deepEqual(
    story.did("close-listener").map((action) => action.listener.address),
    [address],
  );
});

test("where it cannot be opened the worker is told why, and nothing is held", () => {
  const story = wants(new Story().start(), 1);
  const before = story.state.listeners;
  const wish = { generation: 1, index: 0, request: 1, address };
  story.send({ type: "listener-opened", ...wish, result: { ok: false, failure: failure("address-in-use") } });
  assert.equal(story.did("give-listener")[0]?.result.ok, false);
  assert.deepEqual(story.state.listeners, before);
});

test("an app that listens at one address after the other gets no more than there is a use for, and is told what to do", () => {
  const story = new Story().start();
  const at = (port: number) => ({ generation: 1, index: 0, request: port, address: `127.0.0.1:${port}` });
  let port = 9_000;
  for (;;) {
    story.send({ type: "listener-wanted", ...at(++port) });
    if (story.did("open-listener").length === 0) break;
    const id = story.state.nextListener;
    const { address } = at(port);
    const value: Listener = {
      ...listener,
      id,
      name: `undeclared-${port}`,
      address,
      inode: `${port}`,
      origin: "app",
    };
    story.send({ type: "listener-opened", ...at(port), result: succeed(value) });
    assert.ok(port < 10_000, "it gets whatever it wants");
  }
  const [{ result } = { result: succeed(listener) }] = story.did("give-listener");
  assert.match(result.ok ? "" : result.failure.message, /declare those that it needs in \[listeners\]/);
  // What it has it has.
  story.send({ type: "listener-wanted", ...at(9_001) });
  assert.ok(story.did("give-listener")[0]?.result.ok);
});
