import assert from "node:assert/strict";
import { test } from "node:test";
import { takeoverSocketIn } from "../../../src/lib/directories.js";
import { Rig } from "../../harness/process/rig.js";
import { isServing, Taker } from "../../harness/process/taker.js";

const rounds = 10;

test("sozu: ten takeovers in a row lose nothing, keep the workers and leave one daemon", async () => {
  await using rig = new Rig({ standalone: true, workers: 2 });
  rig.manager.start();
  await rig.settled();
  const workers = rig.workers();
  await using load = rig.load();
  const takers: Taker[] = [];
  try {
    let socket = takeoverSocketIn(rig.runtimeDirectory);
    for (let round = 0; round < rounds; round++) {
      const taker = new Taker(rig, [], socket);
      takers.push(taker);
      await taker.until(rig, "the next daemon", isServing);
      const predecessor = takers.at(-2);
      assert.equal(
        predecessor === undefined ? (await rig.manager.ended()).code : await predecessor.exited,
        0,
      );
      socket = takeoverSocketIn(taker.runtimeDirectory);
    }
    assert.equal(rig.daemons().length, 1);
    assert.deepEqual(rig.workers(), workers);
    await load.stop();
    assert.deepEqual(load.failures, []);
  } finally {
    for (const taker of takers) await taker[Symbol.asyncDispose]();
  }
});
