import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Thrift } from "../../../src/daemon/thrift.js";
import { initialState } from "../../../src/model/state.js";
import { Story } from "../model/story.js";

const thriftFile = new URL("../../../src/daemon/thrift.js", import.meta.url).href;

/** A thing that nobody holds any more, and that only a collection of all garbage takes: it has survived some. */
async function makeGarbage(): Promise<WeakRef<object>> {
  const held: { thing?: object } = { thing: { of: "no use" } };
  collect();
  const seen = new WeakRef(held.thing ?? {});
  delete held.thing;
  await nextTurn();
  return seen;
}

function collect(): void {
  const thrift = new Thrift();
  thrift.onBeat(initialState);
  thrift.onBeat(initialState);
}

test("at the second beat at which nothing goes on garbage is collected, and after an upgrade again", async () => {
  const thrift = new Thrift();
  const upgrading = new Story().start().request().state;
  const beats = async (...states: readonly (typeof initialState)[]): Promise<boolean> => {
    const seen = await makeGarbage();
    for (const state of states) thrift.onBeat(state);
    await nextTurn();
    return seen.deref() === undefined;
  };
  assert.equal(await beats(initialState), false);
  assert.equal(await beats(initialState), true);
  assert.equal(await beats(initialState, initialState), false, "there is nothing new to be given back");
  assert.equal(await beats(upgrading, upgrading, upgrading), false);
  const after = { ...initialState, nextUpgrade: upgrading.nextUpgrade };
  assert.equal(await beats(after), false);
  assert.equal(await beats(after), true);
});

test("what lives for a moment does not make the memory for it grow", () => {
  const program = `
    const { saveMemory } = await import(${JSON.stringify(thriftFile)});
    saveMemory();
    let kept = [];
    for (let i = 0; i < 300_000; i++) {
      kept.push({ number: i, list: [i] });
      if (kept.length > 100_000) kept = [];
    }
    const { getHeapSpaceStatistics } = await import("node:v8");
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  assert.match(stdout, /^\d+\n$/, stderr);
  assert.ok(Number(stdout) <= 2 ** 21, `${stdout} bytes`);
});
