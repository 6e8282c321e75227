import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListenerReport, StatusReport, WorkerReport } from "../../../src/control/replies.js";
import { nothingCounted } from "../../../src/lib/counters.js";
import { formatInstances } from "../../../src/metrics/format-metrics.js";
import { report } from "../control/fake-port.js";
import { account, expose, tally } from "./exposed.js";

const [generation] = report.generations;
const [worker] = generation?.workers ?? [];
const [listener] = report.listeners;
assert.ok(generation !== undefined && worker !== undefined && listener !== undefined);

function startingWith(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${name}{`));
}

test("upgrades are counted by kind and result, those that never were among them", () => {
  const upgrades = startingWith(expose({ tally }), "holdfast_upgrades_total");
  assert.equal(upgrades.length, 10);
  assert.ok(upgrades.includes('holdfast_upgrades_total{service="web",kind="upgrade",result="failed"} 2'));
  assert.ok(upgrades.includes('holdfast_upgrades_total{service="web",kind="rollback",result="failed"} 0'));
});

test("the times of phases are a histogram in seconds", () => {
  const name = "holdfast_upgrade_phase_duration_seconds";
  const lines = expose({ tally }).filter((line) => line.startsWith(name));
  assert.deepEqual(lines, [
    `${name}_bucket{service="web",phase="ready",le="0.1"} 3`,
    `${name}_bucket{service="web",phase="ready",le="1"} 12`,
    `${name}_bucket{service="web",phase="ready",le="+Inf"} 13`,
    `${name}_sum{service="web",phase="ready"} 6.5`,
    `${name}_count{service="web",phase="ready"} 13`,
  ]);
});

test("what was not measured has no sample", () => {
  const blind = {
    tally: null,
    upMs: null,
    accounts: [{ ...account, witness: null }],
    generations: [
      { ...generation, proof: null, workers: [{ ...worker, lagMs: null, residentBytes: null, servers: [] }] },
    ],
    listeners: [{ ...listener, backlog: null }],
    totals: [],
  };
  const names = new Set(expose(blind).map((line) => line.replace(/[{ ].*/s, "")));
  for (const name of [
    "holdfast_upgrades_total",
    "holdfast_verdicts_total",
    "holdfast_worker_deaths_total",
    "holdfast_upgrade_last_done_timestamp_seconds",
    "holdfast_uptime_seconds",
    "holdfast_upgrade_listen_overflows",
    "holdfast_upgrade_still_seconds",
    "holdfast_upgrade_backlog_peak",
    "holdfast_listener_stalled_seconds",
    "holdfast_proof",
    "holdfast_worker_lag_seconds",
    "holdfast_worker_resident_memory_bytes",
    "holdfast_listener_backlog",
    "holdfast_connections_open",
    "holdfast_requests_total",
  ]) {
    assert.ok(!names.has(name), name);
  }
  assert.ok(names.has("holdfast_workers"));
});

test("what an upgrade does, and for how long, is told while it does it", () => {
  const lines = expose({ accounts: [account] });
  assert.deepEqual(startingWith(lines, "holdfast_upgrade_phase_seconds"), [
    'holdfast_upgrade_phase_seconds{service="web",phase="trial"} 30',
  ]);
  assert.ok(lines.includes('holdfast_upgrade_listen_overflows{service="web"} 3'));
  assert.ok(lines.includes('holdfast_upgrade_still_seconds{service="web"} 0.25'));
});

test("workers are told apart by role and place, whatever the numbers of their generations", () => {
  const of = (id: number, phase: "active" | "draining", change: Partial<WorkerReport>) => ({
    ...generation,
    id,
    phase,
    workers: [{ ...worker, name: `${id}.0`, ...change }],
  });
  const lines = expose({
    generations: [
      of(6, "draining", { phase: "draining", residentBytes: 10, lagMs: 20 }),
      of(7, "draining", { phase: "draining", residentBytes: 15, lagMs: 5 }),
      of(8, "active", { residentBytes: 40, lagMs: 1 }),
    ],
  });
  assert.deepEqual(startingWith(lines, "holdfast_worker_resident_memory_bytes"), [
    'holdfast_worker_resident_memory_bytes{service="web",role="active",worker="0"} 40',
    'holdfast_worker_resident_memory_bytes{service="web",role="draining",worker="0"} 25',
  ]);
  assert.ok(lines.includes('holdfast_worker_lag_seconds{service="web",role="draining",worker="0"} 0.02'));
  assert.ok(lines.includes('holdfast_workers{service="web",role="draining",state="draining"} 2'));
  assert.ok(lines.includes('holdfast_workers{service="web",role="held",state="ready"} 0'));
});

test("addresses that an app chooses are one listener", () => {
  const app = (port: number): ListenerReport => ({ ...listener, name: `undeclared-${port}`, origin: "app" });
  const counted = (name: string, accepted: number): StatusReport["totals"][number] => ({
    ...nothingCounted,
    listener: name,
    accepted,
  });
  const lines = expose({
    listeners: [listener, app(9300), app(9301)],
    totals: [counted("http", 5), counted("undeclared-9300", 1), counted("undeclared-9999", 2)],
  });
  assert.deepEqual(startingWith(lines, "holdfast_connections_accepted_total"), [
    'holdfast_connections_accepted_total{service="web",listener="http"} 5',
    'holdfast_connections_accepted_total{service="web",listener="undeclared"} 3',
  ]);
  assert.ok(lines.includes('holdfast_listener_backlog_limit{service="web",listener="undeclared"} 1022'));
});

test("a version may be any text, and stays one bounded label", () => {
  const line = (version: string): string | undefined =>
    startingWith(expose({ generations: [{ ...generation, version }] }), "holdfast_generation_info")[0];
  const named = (version: string): string =>
    `holdfast_generation_info{service="web",generation="8",role="active",version="${version}"} 1`;
  assert.equal(line('a"b\\c'), named('a\\"b\\\\c'));
  assert.equal(
    line('1"} 7\nholdfast_degraded{service="web"} 1'),
    named('1\\"} 7 holdfast_degraded{service=\\"web\\"} 1'),
  );
  assert.equal(line("x".repeat(500)), named("x".repeat(64)));
});

test("several services stand in one answer, each name once; one that does not answer is down, and tells nothing else", () => {
  const two = { ...report, name: "pay" };
  const { text } = formatInstances(
    [
      { name: "web", status: report },
      { name: "pay", status: two },
      { name: "old", status: null },
    ],
    1_700_000_000_000,
  )(undefined);
  const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  assert.deepEqual(types, [...new Set(types)]);
  assert.deepEqual(text.match(/^holdfast_instance_up.*$/gm), [
    'holdfast_instance_up{service="web"} 1',
    'holdfast_instance_up{service="pay"} 1',
    'holdfast_instance_up{service="old"} 0',
  ]);
  assert.deepEqual(text.match(/^holdfast_active_generation.*$/gm), [
    'holdfast_active_generation{service="web"} 8',
    'holdfast_active_generation{service="pay"} 8',
  ]);
  assert.doesNotMatch(text, /^process_|service="old"(?!} 0$)/m);
});

test("who asks for OpenMetrics gets it: counters by the name of their family, and an end", () => {
  const metrics = formatInstances([{ name: "web", status: { ...report, tally, accounts: [account] } }], 0);
  const { mediaType, text } = metrics("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2");
  assert.match(mediaType, /^application\/openmetrics-text; version=1\.0\.0; /);
  assert.match(text, /^# TYPE holdfast_upgrades counter\nholdfast_upgrades_total\{service="web",/m);
  assert.match(text, /\n# EOF\n$/);
  const families = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
  );
  for (const [, name = ""] of text.matchAll(/^(\w+)\{/gm)) {
    const family = [name, name.replace(/_(total|bucket|sum|count)$/, "")].find((one) => families.has(one));
    assert.ok(family !== undefined, name);
    assert.equal(families.get(family) === "counter", name.endsWith("_total"), name);
  }
});
