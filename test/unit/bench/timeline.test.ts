import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { drawTimeline, escapeXml, type Lane, type Timeline } from "../../bench/compare/timeline.js";

const quiet: Lane = {
  name: "a",
  counts: new Map(),
  gaps: [],
  lostAtMs: [],
  oldGoneAtMs: null,
  endedAtMs: 3000,
};

function draw(lanes: readonly Lane[], more: Partial<Timeline> = {}): string {
  return drawTimeline({
    title: "t",
    fromMs: -1000,
    toMs: 3000,
    bucketMs: 100,
    versions: ["v1", "v2"],
    lanes,
    ...more,
  });
}

/** The d of the paths with a class, one a lane. */
function pathsOf(svg: string, kind: string): string[] {
  return [...svg.matchAll(new RegExp(`<path class="${kind}" d="([^"]*)"/>`, "g"))].map(([, d = ""]) => d);
}

/** Of bars in a path: how high they are. */
function heightsOf(d: string): number[] {
  return [...d.matchAll(/v-([\d.]+)h/g)].map(([, height]) => Number(height));
}

test("no name or title can become markup", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.doesNotMatch(escapeXml(text), /[<>"]|&(?!(amp|lt|gt|quot);)/);
    }),
  );
  const svg = draw([{ ...quiet, name: 'x</text><script>&"' }], { title: '"><b>' });
  assert.doesNotMatch(svg, /<script|<b>/);
  assert.match(svg, /x&lt;\/text&gt;&lt;script&gt;&amp;&quot;</);
});

test("all lanes have one scale, and the highest bucket is as high as its lane", () => {
  const lane = (count: number): Lane => ({ ...quiet, counts: new Map([["v1", new Map([[0, count]])]]) });
  const [first = "", second = ""] = pathsOf(draw([lane(100), lane(25)]), "old");
  assert.deepEqual(heightsOf(first), [48]);
  assert.deepEqual(heightsOf(second), [12]);
});

test("two versions in one bucket stand one on the other", () => {
  const counts = new Map([
    ["v1", new Map([[5, 30]])],
    ["v2", new Map([[5, 10]])],
  ]);
  const svg = draw([{ ...quiet, counts }]);
  assert.deepEqual(heightsOf(pathsOf(svg, "old")[0] ?? ""), [36]);
  assert.deepEqual(heightsOf(pathsOf(svg, "new")[0] ?? ""), [12]);
  const bottoms = ["old", "new"].map((kind) =>
    Number(/^M[\d.]+ ([\d.]+)v/.exec(pathsOf(svg, kind)[0] ?? "")?.[1]),
  );
  assert.equal((bottoms[0] ?? 0) - (bottoms[1] ?? 0), 36);
});

test("what lies outside of the time that is shown has no bar and does not set the scale", () => {
  const counts = new Map([
    [
      "v1",
      new Map([
        [-11, 1000],
        [-10, 1],
        [29, 2],
        [30, 1000],
      ]),
    ],
  ]);
  assert.deepEqual(heightsOf(pathsOf(draw([{ ...quiet, counts }]), "old")[0] ?? ""), [24, 48]);
});

test("a gap is a band as wide as it was long, and says its length", () => {
  const gaps = [
    { fromMs: 1000, toMs: 2000 },
    { fromMs: 1500, toMs: 9000 },
    { fromMs: 5000, toMs: 6000 },
  ];
  const svg = draw([{ ...quiet, gaps }]);
  const widths = [...svg.matchAll(/class="gap" x="[\d.]+" y="\d+" width="([\d.]+)" height="48"/g)].map(
    ([, w]) => Number(w),
  );
  assert.equal(widths.length, 2, "one is out of sight");
  assert.ok(Math.abs((widths[1] ?? 0) / (widths[0] ?? 0) - 1.5) < 0.01, "the second is cut at the edge");
  assert.match(svg, /<title>1000 ms without a response<\/title>/);
});

test("every lost request has its stroke", () => {
  const d = pathsOf(draw([{ ...quiet, lostAtMs: [0, 10, 2000] }]), "lost").at(-1); // the first is the legend's
  assert.equal(d?.match(/M/g)?.length, 3);
});
