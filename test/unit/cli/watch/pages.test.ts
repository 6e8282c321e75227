import assert from "node:assert/strict";
import { test } from "node:test";
import { instancePage } from "../../../../src/cli/watch/instance-page.js";
import { overviewPage } from "../../../../src/cli/watch/overview-page.js";
import { formatRate, Rates } from "../../../../src/cli/watch/rates.js";
import type { Seen } from "../../../../src/cli/watch/seen.js";
import type { GenerationReport, StatusReport } from "../../../../src/control/replies.js";
import { nothingCounted } from "../../../../src/lib/counters.js";
import { report } from "../../control/fake-port.js";
import { account } from "../an-account.js";

const [eighth] = report.generations;
assert.ok(eighth !== undefined);
const now = { wall: account.startedAt + 2_000, monotonic: 10_000 };
const underWay = {
  ...account,
  endedAt: null,
  verdict: null,
  phases: account.phases.slice(0, 3).map((one) => (one.phase === "trial" ? { ...one, tookMs: null } : one)),
};
const look = (width: number) => ({ paint: (_: string, text: string) => text, width });

function seen(changes: Partial<StatusReport>, others: Partial<Seen> = {}): Seen {
  return {
    name: "web",
    report: { ...report, ...changes },
    failure: null,
    lostAt: null,
    heard: [],
    rates: new Rates(),
    ...others,
  };
}

function counting(id: number, requests: number, serverErrors = 0): GenerationReport {
  return { ...(eighth as GenerationReport), id, counters: { ...nothingCounted, requests, serverErrors } };
}

test("rates are told of the old and the new generation, from looks over some seconds", () => {
  const rates = new Rates();
  rates.look({ generations: [counting(8, 1_000)] }, 0);
  assert.equal(rates.of(8), null);
  rates.look({ generations: [counting(8, 1_340), counting(9, 10)] }, 1_000);
  rates.look({ generations: [counting(8, 1_680), counting(9, 30, 5)] }, 2_000);
  assert.deepEqual(rates.of(8), { requests: 340, failed: 0 });
  assert.deepEqual(rates.of(9), { requests: 20, failed: 5 });
  const both = { generations: [counting(8, 0), counting(9, 0)] };
  assert.deepEqual(rates.all(both), { requests: 360, failed: 5 });
  // What lies long behind does not count.
  rates.look({ generations: [counting(8, 1_680)] }, 8_000);
  rates.look({ generations: [counting(8, 1_690)] }, 9_000);
  assert.deepEqual(rates.of(8), { requests: 10, failed: 0 });
});

test("of plain workers, and of counters that went back, no rate is told", () => {
  const rates = new Rates();
  const plain = { ...counting(8, 0), counters: null };
  for (const at of [0, 1_000]) rates.look({ generations: [plain, counting(9, 500 - at / 10)] }, at);
  assert.deepEqual([rates.of(8), rates.of(9), rates.all({ generations: [plain] })], [null, null, null]);
  assert.deepEqual([0, 0.44, 9.94, 339.6].map(formatRate), ["0", "0.4", "9.9", "340"]);
});

test("a page shows where an upgrade is, its account so far, and the rates of old and new", () => {
  const rates = new Rates();
  const generations = [
    { ...counting(8, 1_000), phase: "held" as const },
    { ...counting(9, 100), detail: "on trial, 2 s left" },
  ];
  rates.look({ generations }, 0);
  rates.look({ generations: [counting(8, 1_340), counting(9, 160, 6)] }, 1_000);
  const page = instancePage(seen({ accounts: [underWay], generations }, { rates }), now, look(80), 40).join(
    "\n",
  );
  assert.match(
    page,
    /^upgrade 12 to generation 9, 2 s\n {2}prepare 9 ms, copy 0\.12 s, trial 1\.59 s\.\.\.$/m,
  );
  assert.match(page, /^ {2}connections: old 1204 moved, 18 finished, 2 cut; new 1204 adopted/m);
  assert.match(page, /^8 +held +1\.2\.3 +340 +0 +3 +1$/m);
  assert.match(page, /^9 +active +1\.2\.3 +60 +6 +3 +1 +on trial, 2 s left$/m);
});

test("no page is wider or longer than the terminal, and what is urgent stays", () => {
  const many = Array.from({ length: 40 }, (_, index) => ({ ...eighth.workers[0], name: `8.${index}` }));
  const generations = [{ ...eighth, workers: many as GenerationReport["workers"] }];
  const heard = Array.from({ length: 30 }, (_, index) => ({
    at: now.wall,
    news: { event: "test", level: "info" as const, message: `news ${index} ${"of something ".repeat(9)}` },
  }));
  for (const [width, rows] of [
    [80, 24],
    [60, 20],
    [40, 16],
    [120, 40],
    [20, 3],
  ] as const) {
    const degraded = "the last upgrade failed";
    const one = seen({ accounts: [underWay], generations, degraded }, { heard });
    for (const page of [
      instancePage(one, now, look(width), rows),
      overviewPage([one], now, look(width), rows),
    ]) {
      assert.ok(page.length <= rows, `${page.length} of ${rows}`);
      if (width >= 60) for (const line of page) assert.ok(line.length <= width, line);
    }
    if (rows < 16) continue;
    const page = instancePage(one, now, look(width), rows).join("\n");
    assert.match(page, /degraded: the last/);
    assert.match(page, /trial\s1\.59/);
    if (rows === 40) assert.match(page, /^\.\.\. \d+ more$/m);
    if (rows >= 20) assert.match(page, /^GEN /m);
    assert.ok(page.trimEnd().endsWith("something"), page);
  }
});

test("what is wrong is told once", () => {
  const degraded = "2 of 4 workers are missing";
  const [, line] = instancePage(seen({ summary: `generation 8; ${degraded}`, degraded }), now, look(80), 24);
  assert.equal(line, `web, degraded: generation 8; ${degraded}`);
});

test("of an instance that does not answer the page says since when, and what it was", () => {
  const failure = { reason: "not-running", message: "nobody listens\x1b[2J" } as const;
  const page = instancePage(seen({}, { failure, lostAt: 7_000 }), now, look(80), 24).join("\n");
  assert.match(page, /^no answer: for 3 s: nobody listens\?\[2J; the next daemon is waited for/m);
  assert.match(page, /^8 +active/m);
  const row = overviewPage([seen({}, { failure, report: null })], now, look(80), 24).at(-1) ?? "";
  assert.match(row, /^web +\? .* nobody listens \[2J$/);
});

test("an overview has a row for each instance with its rate and phase, and the news of all of them", () => {
  const heard = [{ at: now.wall, news: { event: "x", level: "error" as const, message: "boom\x1b[2J" } }];
  const all = [seen({}, { name: "api", heard }), seen({ accounts: [underWay] })];
  const page = overviewPage(all, now, look(120), 24).join("\n");
  assert.match(page, /^api +running +8 +1\.2\.3 +1\/1 +- +- +-$/m);
  assert.match(page, /^web +running +8 +1\.2\.3 +1\/1 +- +- +trial 1\.59 s$/m);
  assert.match(page, /^\d\d:\d\d:\d\d {2}error {4}.* api: boom \[2J$/m);
});
