import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { succeed } from "../../../src/lib/failure.js";
import type { Action, Event } from "../../../src/model/event.js";
import { liveWorkers } from "../../../src/model/turn.js";
import type { Answer, Effects } from "../../../src/supervisor/effects.js";
import { Supervisor } from "../../../src/supervisor/supervisor.js";
import { plainly } from "../model/sample.js";
import { Story } from "../model/story.js";

const running = new Story().start().state;
const alive = running.generations.flatMap(liveWorkers);
const recovered: Event = { type: "recovered", alive, unconnected: alive, snapshots: [], wanted: false };
const requested: Event = { type: "upgrade-requested", kind: "upgrade", ...plainly };
const boom = new Error("boom");

function throwIt(): never {
  throw boom;
}

/** A loop that runs, and what it did. `perform` and the others stand in for what the world does. */
function begin(own: Partial<Effects> = {}) {
  const told: string[] = [];
  const supervisor = new Supervisor();
  const effects: Effects = {
    clock: () => ({ now: 1_000, wall: 1_000 }),
    persist: () => succeed(undefined),
    remember() {},
    perform: () => [],
    publish() {},
    wakeAt() {},
    report: (what) => told.push(what),
    beginAnew: () => told.push("begin anew"),
    ...own,
  };
  supervisor.begin(running, effects, recovered);
  return { supervisor, told };
}

function lastReason({ state }: Supervisor): string | undefined {
  return state.outcomes.at(-1)?.failure?.reason;
}

for (const [how, fail] of [
  ["throws", throwIt],
  ["rejects", (): Answer => Promise.reject(boom)],
] as const) {
  test(`an action that ${how} has failed, and nothing else has`, async () => {
    const { supervisor, told } = begin({ perform: ({ type }) => (type === "prepare" ? fail() : []) });
    supervisor.push(requested);
    await turn();
    assert.equal(lastReason(supervisor), "effect-failed");
    assert.deepEqual(told, ["do prepare"]);
  });
}

test("the other actions of a turn are done although one throws", () => {
  const done: Action["type"][] = [];
  const { supervisor } = begin({
    perform: ({ type }) => {
      done.push(type);
      return type === "announce" ? throwIt() : [];
    },
  });
  supervisor.push(requested);
  assert.deepEqual(done.slice(-2), ["announce", "prepare"]);
});

for (const what of ["clock", "persist"] as const) {
  test(`a turn that throws (${what}) changes nothing: the upgrade under way fails, and the loop begins anew`, () => {
    let struck: string | undefined;
    const strike = (at: string): void => {
      if (struck !== at) return;
      struck = undefined;
      throwIt();
    };
    const { supervisor, told } = begin({
      clock: () => {
        strike("clock");
        return { now: 1_000, wall: 1_000 };
      },
      persist: () => {
        strike("persist");
        return succeed(undefined);
      },
    });
    supervisor.push(requested);
    assert.notEqual(supervisor.state.upgrade, null);
    struck = what;
    supervisor.push({ type: "drain-requested" });
    assert.equal(lastReason(supervisor), "daemon-fault");
    assert.deepEqual(supervisor.state.lifecycle, { phase: "running" });
    assert.deepEqual(told, ["take the event drain-requested", "begin anew"]);
  });
}

test("a recovery that throws is the end: nothing could be relied on", () => {
  assert.throws(() => begin({ clock: throwIt }), boom);
});

test("what is thrown in giving up the upgrade is told, and leads nowhere else", () => {
  let broken = false;
  const { supervisor, told } = begin({
    clock: () => (broken ? throwIt() : { now: 1_000, wall: 1_000 }),
  });
  broken = true;
  supervisor.push(requested);
  assert.deepEqual(told, ["take the event upgrade-requested", "begin anew", "give up the upgrade"]);
});

test("an action of which nobody hears the end is done again by a recovery", () => {
  const { supervisor, told } = begin({
    perform: ({ type }) => (type === "terminate" ? throwIt() : []),
  });
  supervisor.push({ type: "stop-requested", fast: true });
  assert.deepEqual(told, ["do terminate", "begin anew"]);
});

test("the workers of a turn are written down once, all of them, before the first gate opens", () => {
  const done: string[] = [];
  const written: number[] = [];
  const lost: Event = { type: "recovered", alive: [], unconnected: [], snapshots: [], wanted: false };
  const supervisor = new Supervisor();
  supervisor.begin(
    running,
    {
      clock: () => ({ now: 1_000, wall: 1_000 }),
      persist: ({ generations }) => {
        done.push("persist");
        written.push(generations.flatMap(liveWorkers).length);
        return succeed(undefined);
      },
      remember() {},
      perform: (action) => {
        if (action.type === "spawn" || action.type === "open-gate") done.push(action.type);
        if (action.type !== "spawn") return [];
        const { generation, index } = action;
        return [{ type: "spawned", generation, index, process: { pid: 5_000 + index, startTime: 1 } }];
      },
      publish() {},
      wakeAt() {},
      report() {},
      beginAnew() {},
    },
    lost,
  );
  assert.deepEqual(done, ["spawn", "spawn", "persist", "open-gate", "open-gate"]);
  assert.deepEqual(written, [2]);
});
