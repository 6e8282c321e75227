import assert from "node:assert/strict";
import { writeSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { closeFd } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { initialState } from "../../../src/model/state.js";
import { encodeRecord, stateFormat } from "../../../src/state/encode.js";
import { readStateMemory, writeStateMemory } from "../../../src/state/state-memory.js";

function makeMemory(context: TestContext): number {
  const memfd = createMemfd("test-state");
  context.after(() => closeFd(memfd));
  return memfd;
}

function recordOf(revision: number) {
  return { name: "web", bootId: "b", revision, state: initialState };
}

function write(memfd: number, revision: number): void {
  writeStateMemory(memfd, revision, encodeRecord(recordOf(revision)));
}

test("the newer of two writes is read; a write that was cut leaves the one before", (context) => {
  const memfd = makeMemory(context);
  assert.equal(readStateMemory(memfd).ok, false);
  for (const revision of [1, 2, 3]) write(memfd, revision);
  assert.deepEqual(readStateMemory(memfd), { ok: true, value: recordOf(3) });
  writeSync(memfd, Buffer.from("#"), 0, 1, 2 ** 40 + 50);
  assert.deepEqual(readStateMemory(memfd), { ok: true, value: recordOf(2) });
});

test("beside a state of a later version the older one, which is out of date, is not taken", (context) => {
  const memfd = makeMemory(context);
  write(memfd, 1);
  const later = Buffer.from(encodeRecord(recordOf(2)).replace(`"format":${stateFormat}`, '"format":9'));
  const bytes = Buffer.concat([Buffer.alloc(4), later]);
  bytes.writeUInt32LE(later.length);
  writeSync(memfd, bytes, 0, bytes.length, 0);
  const read = readStateMemory(memfd);
  assert.ok(!read.ok);
  assert.equal(read.failure.reason, "state-newer");
});
