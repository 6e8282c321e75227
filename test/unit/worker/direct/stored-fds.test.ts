import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFd, duplicateFd, isOpen } from "../../../../src/linux/fd.js";
import { openListener } from "../../../../src/linux/listener.js";
import { openSocketPair } from "../../../../src/linux/socket-pair.js";
import { isStorableName } from "../../../../src/systemd/fd-store.js";
import { readRoom } from "../../../../src/systemd/store-room.js";
import { namePlace } from "../../../../src/worker/carriers/listen.js";
import { boundFdName, sortFds } from "../../../../src/worker/direct/stored-fds.js";

function openTcp(): number {
  const opened = openListener({ kind: "tcp", family: 4, host: "127.0.0.1", port: 0 }, { backlog: 1 });
  assert.ok(opened.ok);
  return opened.value;
}

test("a socket of a unit that is in the store as well is kept once, under the unit's name", () => {
  const unit = openTcp();
  const stored = duplicateFd(unit);
  const sorted = sortFds([
    { fd: stored, name: boundFdName("web", { port: 80 }) },
    { fd: unit, name: "http" },
  ]);
  assert.deepEqual(sorted.listeners, [{ fd: unit, name: "http" }]);
  assert.equal(sorted.bound.size, 0);
  assert.equal(isOpen(stored), false);
  closeFd(unit);
});

test("what is not what its name says is closed and told", () => {
  const [one, other] = openSocketPair("stream");
  const sorted = sortFds([{ fd: one, name: boundFdName("web", { port: 80 }) }]);
  assert.equal(sorted.bound.size, 0);
  assert.equal(sorted.problems.length, 1);
  assert.equal(isOpen(one), false);
  closeFd(other);
});

test("each place has a name of its own that systemd takes", () => {
  const places = [
    { port: 80 },
    { port: 81 },
    { port: 80, host: "::1" },
    { port: 80, host: "127.0.0.1" },
    { path: "/run/a:b.sock" },
  ];
  const names = places.flatMap((place) => [
    boundFdName(namePlace(place) ?? "", place),
    boundFdName("web", place),
  ]);
  assert.equal(new Set(names).size, 10);
  for (const name of names) assert.ok(isStorableName(name), name);
});

test("the room is what the store may hold less what it holds", () => {
  assert.equal(readRoom("FileDescriptorStoreMax=1024\nNFileDescriptorStore=4\n"), 1020);
  assert.equal(readRoom("NFileDescriptorStore=4\nFileDescriptorStoreMax=0\n"), 0);
  assert.equal(readRoom(""), undefined);
});
