import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { callWhenOver } from "../../../src/lib/late-timer.js";
import { standStill } from "../../harness/process/stand-still.js";

test("a wait ends after its time", async () => {
  await new Promise<void>((over) => callWhenOver(20, over));
});

test("a wait that is not needed any more never ends", async () => {
  let over = false;
  const stop = callWhenOver(10, () => {
    over = true;
  });
  stop();
  await pause(50);
  assert.equal(over, false);
});

test("who has stood still himself waits once more, and not for ever", async () => {
  const seen: string[] = [];
  const over = new Promise<void>((resolve) => {
    callWhenOver(300, () => {
      seen.push("the wait is over");
      resolve();
    });
  });
  standStill(1_500);
  await pause(100);
  seen.push("the other one answers");
  await over;
  assert.deepEqual(seen, ["the other one answers", "the wait is over"]);
});
