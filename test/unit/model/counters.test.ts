import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingCounted } from "../../../src/lib/counters.js";
import { generationTotals, serviceTotals } from "../../../src/model/counters.js";
import type { Action, Event } from "../../../src/model/event.js";
import { lasts } from "../../../src/model/lasts.js";
import type { LedgerEntry } from "../../../src/model/ledger-entry.js";
import type { ListenerTotals } from "../../../src/model/totals.js";
import { encodeReadable } from "../../../src/state/encode.js";
import { plainly, specify } from "./sample.js";
import { World } from "./world.js";
import type { Being } from "./world-jobs.js";

function told(accepted: number, listener = "http"): ListenerTotals {
  return { listener, ...nothingCounted, accepted, requests: 10 * accepted };
}

function tell({ generation, index, process: { pid } }: Being, ...listeners: ListenerTotals[]): Event {
  return { type: "counted", counts: [{ generation, index, pid, listeners }] };
}

/** Accepted connections by listener. */
function accepted(world: World): Record<string, number> {
  return Object.fromEntries(serviceTotals(world.state).map(({ listener, accepted: sum }) => [listener, sum]));
}

function workerOf(world: World, generation: number): Being {
  const being = world.beings.find((one) => one.generation === generation);
  assert.ok(being !== undefined);
  return being;
}

/** Does all that waits to be done, until generation `id` is the only one. */
function comeTo(world: World, id: number): void {
  for (let job = world.jobs[0]; job !== undefined; job = world.jobs[0]) world.finish(job, null);
  for (const being of world.beings.filter(({ generation }) => generation === id)) world.sayReady(being);
}

function serving(): World {
  const world = new World([specify({ workers: 1 })]);
  world.die(() => true);
  comeTo(world, 1);
  return world;
}

function upgrade(world: World, to: number): void {
  world.send({ type: "upgrade-requested", kind: "upgrade", ...plainly });
  comeTo(world, to);
}

test("what a worker tells is a sum since it began: the last word counts, and the same again changes nothing", () => {
  const world = serving();
  const worker = workerOf(world, 1);
  world.send(tell(worker, told(2)));
  world.send(tell(worker, told(5)));
  assert.deepEqual(accepted(world), { http: 5 });
  const { state } = world;
  world.send(tell(worker, told(5)));
  assert.equal(world.state, state);
});

test("what workers count under names that they make up has one name, however many they are and however often they begin anew", () => {
  const world = serving();
  for (let round = 0; round < 5; round++) {
    const worker = workerOf(world, 1);
    const madeUp = [0, 1, 2].map((n) => told(1, `made-up-${round}-${n}`));
    world.send(tell(worker, told(2), ...madeUp));
    world.exit(worker);
    world.pass(60_000);
    comeTo(world, 1);
  }
  assert.deepEqual(accepted(world), { "(no listener)": 15, http: 10 });
  upgrade(world, 2);
  assert.deepEqual(accepted(world), { "(no listener)": 15, http: 10 });
});

test("what is left of a listener that is gone goes on counting under its name", () => {
  const world = serving();
  const worker = workerOf(world, 1);
  world.send(tell(worker, told(2)));
  world.state = { ...world.state, listeners: [] };
  world.send(tell(worker, told(3)));
  assert.deepEqual(accepted(world), { http: 3 });
});

test("what is as much as can be counted stays so, and the state can be written", () => {
  const world = serving();
  const most = { ...told(0), accepted: Number.MAX_SAFE_INTEGER };
  world.send(tell(workerOf(world, 1), most, most));
  assert.deepEqual(accepted(world), { http: Number.MAX_SAFE_INTEGER });
  upgrade(world, 2);
  world.send(tell(workerOf(world, 2), most));
  assert.deepEqual(accepted(world), { http: Number.MAX_SAFE_INTEGER });
  assert.ok(encodeReadable({ name: "web", bootId: "b", revision: 1, state: world.state }).ok);
});

test("only what workers tell of themselves need not outlive a loss of power", () => {
  const world = serving();
  const worker = workerOf(world, 1);
  const { state } = world;
  world.send(tell(worker, told(2)));
  world.send({ type: "worker-status", ...worker, pid: worker.process.pid, text: "busy" });
  assert.notEqual(world.state, state);
  assert.equal(lasts(state, world.state), false);
  world.exit(worker);
  assert.equal(lasts(state, world.state), true);
});

test("the totals go on over upgrades, and each generation's own are in the ledger when it ends", () => {
  const world = serving();
  const entries: LedgerEntry[] = [];
  world.onAction = (action: Action) => {
    if (action.type === "record") entries.push(action.entry);
  };
  const old = workerOf(world, 1);
  world.send(tell(old, told(5)));
  upgrade(world, 2);
  world.send(tell(workerOf(world, 2), told(3)));
  world.send(tell(old, told(7)));
  assert.equal(generationTotals(world.state, 1)?.accepted, 7);
  world.exit(old);
  assert.deepEqual(accepted(world), { http: 10 });
  assert.deepEqual([generationTotals(world.state, 1), generationTotals(world.state, 2)?.accepted], [null, 3]);
  const ended = entries.find((entry) => entry.kind === "generation");
  assert.ok(ended?.kind === "generation");
  assert.deepEqual([ended.generation, ended.counters?.accepted], [1, 7]);
});

test("what a crashed worker told last counts, and the one in its place begins at nothing", () => {
  const world = serving();
  const first = workerOf(world, 1);
  world.send(tell(first, told(5)));
  world.exit(first);
  assert.deepEqual(accepted(world), { http: 5 });
  world.pass(100);
  comeTo(world, 1);
  world.send(tell(workerOf(world, 1), told(1)));
  assert.deepEqual(accepted(world), { http: 6 });
  assert.equal(generationTotals(world.state, 1)?.accepted, 6);
  // Nobody listens to the dead.
  world.send(tell(first, told(9)));
  assert.deepEqual(accepted(world), { http: 6 });
});

test("daemons may come and go, with the workers or without: the totals stay", () => {
  const world = serving();
  world.send(tell(workerOf(world, 1), told(5)));
  world.die(() => true);
  assert.deepEqual(accepted(world), { http: 5 });
  world.die(() => false);
  assert.deepEqual(accepted(world), { http: 5 });
});

test("the service is up from its first answer until it is told to stop, whatever becomes of daemons and generations", () => {
  const world = new World([specify({ workers: 1 })]);
  world.die(() => true);
  assert.equal(world.state.upSince, null);
  comeTo(world, 1);
  const since = world.now;
  assert.equal(world.state.upSince, since);
  world.pass(60_000);
  world.die(() => false);
  comeTo(world, 1);
  upgrade(world, 2);
  world.send({ type: "leave-requested", next: "upgrade" });
  world.die(() => true);
  assert.equal(world.state.upSince, since);
  world.send({ type: "stop-requested", fast: false });
  assert.equal(world.state.upSince, null);
});
