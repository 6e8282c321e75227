import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatusReport } from "../../../src/control/replies.js";
import type { Sample } from "../../../src/web/feed.js";
import { LastHour } from "../../../src/web/last-hour.js";
import { Ring } from "../../../src/web/ring.js";
import { mergeSamples, takeSample } from "../../../src/web/sample.js";
import { report } from "../control/fake-port.js";

type Counters = NonNullable<StatusReport["generations"][number]["counters"]>;

function counting(counts: Partial<Counters> | null): StatusReport {
  const [generation] = report.generations;
  assert.ok(generation?.counters);
  const counters = counts === null ? null : { ...generation.counters, ...counts };
  const workers = counts === null ? [] : generation.workers;
  return { ...report, generations: [{ ...generation, counters, workers }] };
}

function sampleAt(at: number, requests: number | null, queued: number | null = null): Sample {
  const rates = { requests, failed: null, moved: null, adopted: null };
  return {
    at,
    generations: [{ generation: 8, phase: "active", open: 1, ...rates }],
    listeners: [{ listener: "http", queued, limit: 511 }],
    lagMs: null,
  };
}

test("rates are of the time since the look before; the first look has none", () => {
  const first = { at: 1_000, status: counting({ requests: 100, serverErrors: 1, aborted: 0, moved: 0 }) };
  const second = { at: 3_000, status: counting({ requests: 150, serverErrors: 2, aborted: 1, moved: 4 }) };
  const [before] = takeSample(null, first).generations;
  assert.deepEqual([before?.requests, before?.failed, before?.open], [null, null, 3]);
  const { generations, listeners, lagMs } = takeSample(first, second);
  assert.deepEqual(generations, [
    { generation: 8, phase: "active", requests: 25, failed: 1, open: 3, moved: 2, adopted: 0 },
  ]);
  assert.deepEqual([listeners, lagMs], [[{ listener: "http", queued: 0, limit: 511 }], 2]);
});

test("what plain workers do not tell is not measured, and never zero", () => {
  const look = { at: 1_000, status: counting(null) };
  const [plain] = takeSample(look, { ...look, at: 2_000 }).generations;
  const { requests, failed, open, moved, adopted } = plain ?? {};
  assert.deepEqual([requests, failed, open, moved, adopted], [null, null, null, null, null]);
});

test("several looks together: rates by the time of each, the longest queue; what nobody measured stays so", () => {
  const merged = mergeSamples([sampleAt(1_000, 10, 0), sampleAt(4_000, 50, 9), sampleAt(5_000, null, 1)], 0);
  assert.equal(merged.at, 5_000);
  assert.equal(merged.generations[0]?.requests, 40);
  assert.equal(merged.generations[0]?.failed, null);
  assert.deepEqual(merged.listeners, [{ listener: "http", queued: 9, limit: 511 }]);
  assert.equal(merged.lagMs, null);
});

test("the last hour is kept, the last minutes look by look, in bounded room", () => {
  const hour = new LastHour();
  for (let second = 0; second < 3 * 3_600; second++) hour.add(sampleAt(second * 1_000, 5));
  const all = hour.all();
  const last = 3 * 3_600_000 - 1_000;
  assert.ok(all.length < 700, `${all.length} are kept`);
  assert.ok((all[0]?.at ?? 0) > last - 3_620_000 && (all[0]?.at ?? last) < last - 3_580_000);
  assert.equal(all.filter(({ at }) => at > last - 280_000).length, 280);
  assert.ok(all.every(({ generations }) => generations[0]?.requests === 5));
  assert.ok(all.every(({ at }, index) => at > (all[index - 1]?.at ?? -1)));
});

test("a ring knows what came after an id, and says when it does not know any more", () => {
  const ring = new Ring("b1", 400);
  const news = (text: string) =>
    ring.add({
      type: "news",
      instance: "web",
      at: 0,
      news: { event: "x", level: "info", message: text },
    });
  news("one");
  const { newest } = ring;
  ring.add({ type: "instances", instances: [], at: 0 });
  assert.deepEqual(ring.after(newest), []);
  news("two");
  assert.match(String(ring.after(newest)?.map(String)), /^id: b1-3\ndata: .*two/);
  for (const id of ["", "b1", "b2-1", "b1-4", "b1--1", "b1-x", "b1-1e3"])
    assert.equal(ring.after(id), undefined, id);
  for (let index = 0; index < 9; index++) news(`more ${index}`);
  assert.equal(ring.after(newest), undefined);
  assert.deepEqual(ring.after(ring.newest), []);
});
