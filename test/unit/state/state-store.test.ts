import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { closeFd } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { initialState, type State } from "../../../src/model/state.js";
import { stateFilePath } from "../../../src/state/state-file.js";
import { StateStore } from "../../../src/state/state-store.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

interface Places {
  readonly directory: string;
  readonly memfd: number;
}

function makePlaces(context: TestContext): Places {
  const memfd = createMemfd("test-state");
  context.after(() => closeFd(memfd));
  return { directory: temporaryDirectory(context), memfd };
}

function open(places: Places): StateStore {
  return new StateStore({ name: "web", bootId: "b", ...places });
}

function loadFrom(places: Places): State | undefined {
  const { state, problems } = open(places).load();
  assert.deepEqual(problems, []);
  return state;
}

const next = (nextGeneration: number): State => ({ ...initialState, nextGeneration });

test("what would not be read again is not written, and what was written before is there", (context) => {
  const places = makePlaces(context);
  const store = open(places);
  assert.ok(store.write(next(7)).ok);
  for (const bad of [Number.POSITIVE_INFINITY, Number.NaN, 2 ** 53, -1, 1.5]) {
    const written = store.write(next(bad));
    assert.ok(!written.ok);
    assert.match(written.failure.message, /state\.nextGeneration/);
    store.remember(next(bad));
    assert.deepEqual(loadFrom(places), next(7));
  }
  assert.ok(store.write(next(8)).ok);
  assert.deepEqual(loadFrom(places), next(8));
});

test("a state of 20 MiB is read back from either copy", (context) => {
  const places = makePlaces(context);
  const message = "x".repeat(20 * 1024 * 1024);
  const large = (id: number): State => ({ ...next(id), unwritable: { reason: "state-unwritable", message } });
  const store = open(places);
  for (const id of [7, 8]) assert.ok(store.write(large(id)).ok);
  const other = createMemfd("test-empty");
  context.after(() => closeFd(other));
  assert.deepEqual(loadFrom({ ...places, memfd: other }), large(8));
  rmSync(stateFilePath(places.directory));
  assert.deepEqual(loadFrom(places), large(8));
});

test("what is only remembered is newer than the file", (context) => {
  const places = makePlaces(context);
  const store = open(places);
  assert.ok(store.write(next(7)).ok);
  store.remember(next(8));
  assert.deepEqual(loadFrom(places), next(8));
  assert.ok(store.write(next(9)).ok);
  assert.deepEqual(loadFrom(places), next(9));
});
