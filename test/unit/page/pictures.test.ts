import assert from "node:assert/strict";
import { test } from "node:test";
import { bandsHeight, drawBands } from "../../../src/page/bands/bands.js";
import { thin } from "../../../src/page/samples.js";
import { drawFlow, flowOf } from "../../../src/page/upgrade/flow.js";
import { account, generation, sample, side, status, worker } from "./values.js";

test("as connections move, the old bar narrows by as much as the new one widens, at one scale", () => {
  const flow = flowOf(
    account({ old: side(1, { moved: 60, finished: 10 }), new: side(2, { adopted: 60, accepted: 20 }) }),
    status({
      generations: [
        generation(2, { workers: [worker("2.0", 50), worker("2.1", 30)] }),
        generation(1, { phase: "draining", workers: [worker("1.0", 30)] }),
      ],
    }),
  );
  assert.ok(flow !== null);
  assert.deepEqual(drawFlow(flow), {
    oldOpen: { from: 0, to: 300 },
    oldMoved: { from: 300, to: 900 },
    oldEnded: { from: 900, to: 1_000 },
    newAdopted: { from: 0, to: 600 },
    newOwn: { from: 600, to: 800 },
  });
});

test("a generation that is gone has no connections, one of plain workers has an unknown number", () => {
  const moved = account({ old: side(1, { moved: 4 }), new: side(2, { adopted: 4 }) });
  assert.equal(flowOf(moved, status())?.old.open, 0);
  const plain = generation(1, { phase: "draining", workers: [worker("1.0", null)] });
  assert.equal(flowOf(moved, status({ generations: [generation(2), plain] })), null);
  assert.equal(flowOf(account({ old: null }), status()), null);
});

test("bands stand one upon the other, as high as their connections are many", () => {
  const { bands, most } = drawBands(
    [sample(0, { 1: 100 }), sample(500, { 1: 60, 2: 40 }), sample(1_000, { 2: 50 })],
    0,
    1_000,
  );
  assert.equal(most, 100);
  assert.deepEqual(bands, [
    { generation: 1, path: "M0.0 0.0L500.0 80.0L1000.0 200.0L1000.0 200.0L500.0 200.0L0.0 200.0Z" },
    { generation: 2, path: "M0.0 0.0L500.0 0.0L1000.0 100.0L1000.0 200.0L500.0 80.0L0.0 0.0Z" },
  ]);
});

test("where nobody counts connections, bands show which generations there were, and no number", () => {
  const { bands, most } = drawBands([sample(0, { 1: null }), sample(1_000, { 1: null })], 0, 1_000);
  assert.equal(most, null);
  assert.equal(bands[0]?.path, `M0.0 0.0L1000.0 0.0L1000.0 ${bandsHeight}.0L0.0 ${bandsHeight}.0Z`);
});

test("of an hour of samples no more are drawn than a picture has room for, the newest among them", () => {
  const all = Array.from({ length: 3_600 }, (_, at) => sample(at, { 1: at }));
  const shown = thin(all, 0, 3_599, 300);
  assert.ok(shown.length <= 301, String(shown.length));
  assert.equal(shown.at(-1)?.at, 3_599);
});
