import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { activeGeneration, stagedGeneration } from "../../../src/model/find.js";
import type { State } from "../../../src/model/state.js";
import { encodeReadable } from "../../../src/state/encode.js";
import { happen, happening, specifications } from "./happenings.js";
import { World } from "./world.js";

const history = fc.array(happening, { maxLength: 60, size: "max" });

function worldAfter(
  specs: Parameters<typeof specified>[0],
  happenings: readonly Parameters<typeof happen>[1][],
) {
  const world = specified(specs);
  for (const one of happenings) happen(world, one);
  return world;
}

function specified(specs: ConstructorParameters<typeof World>[0]): World {
  const world = new World(specs);
  world.die(() => true);
  return world;
}

/** From here on nothing goes wrong any more: what is due happens, until there is nothing left to happen. */
function settle(world: World, workersIgnoreTerm: boolean): void {
  for (let step = 0; step < 2_000; step++) {
    if (world.exited === "stopped" || world.exited === "failed") return;
    if (world.exited !== null) world.die(() => true);
    const [job] = world.jobs;
    const gone = world.beings.find(
      (one) => one.signal === "kill" || (one.signal !== "none" && !workersIgnoreTerm),
    );
    const rising = world.beings.find((one) => {
      const run = world.state.generations
        .find(({ id }) => id === one.generation)
        ?.workers.find(({ index }) => index === one.index)?.run;
      return run?.phase === "starting" && one.gate === "open" && run.process.pid === one.process.pid;
    });
    const deadline = nextDeadline(world.state);
    // As the loop says after the first turn that is written again.
    if (world.state.unwritable !== null) world.send({ type: "persist-restored" });
    else if (job !== undefined) world.finish(job, null);
    else if (gone !== undefined) world.exit(gone);
    else if (rising !== undefined) world.sayReady(rising);
    else if (waitsForSomebody(world.state)) world.send({ type: "keep-requested" });
    else if (deadline !== undefined) world.pass(Math.max(deadline - world.now, 0));
    else return;
  }
  world.problems.push("it never comes to rest");
}

/** It stands by, or is on trial without a deadline, whether or not what it is held against is still there. */
function waitsForSomebody(state: State): boolean {
  const stage = activeGeneration(state)?.stage;
  const proof = stage?.phase === "active" ? stage.proof : undefined;
  return stagedGeneration(state) !== undefined || (proof?.kind === "trial" && proof.until === null);
}

function atRest({ state, exited, beings }: World): string[] {
  const { lifecycle, upgrade, queued, generations } = state;
  const wrong: string[] = [];
  if (upgrade !== null || queued !== null) wrong.push("an upgrade has no outcome");
  if (lifecycle.phase === "stopping" && exited === null) wrong.push("the stop has not ended");
  if (lifecycle.phase === "starting" && exited === null) wrong.push("the start has not ended");
  if (generations.some(({ stage }) => stage.phase !== "active")) wrong.push("a generation is left over");
  if (state.accounts.length > 0) wrong.push("an account is left open");
  if (state.snapshots.some(({ phase }) => phase === "making")) wrong.push("a snapshot is left half made");
  const active = activeGeneration(state);
  if (active?.workers.some(({ run }) => run.phase !== "ready")) wrong.push("a worker is missing");
  const wanted = active?.specification.plan.workers ?? 0;
  const running = beings.filter(({ signal }) => signal !== "kill").length;
  if (running !== wanted) wrong.push(`${running} processes for ${wanted} workers`);
  return wrong;
}

test("whatever happens in whatever order, no step breaks an invariant", () => {
  fc.assert(
    fc.property(specifications, history, (specs, happenings) => {
      assert.deepEqual(worldAfter(specs, happenings).problems, []);
    }),
    { numRuns: 5_000, includeErrorInReport: true },
  );
});

/** All that was decided, and by when something is to be done; what is of the wall clock is for people, and left out. */
function decisionsOf(
  specs: ConstructorParameters<typeof World>[0],
  happenings: readonly Parameters<typeof happen>[1][],
  wallAt: (now: number) => number,
): readonly unknown[] {
  const world = new World(specs);
  world.wallAt = wallAt;
  const decisions: unknown[] = [];
  const people = new Set(["createdAt", "startedAt", "endedAt", "lastDoneAt", "at"]);
  const timeless = (value: object): string =>
    JSON.stringify(value, (key, inner) => {
      if (people.has(key)) return null;
      return key === "stage" && inner.phase === "active" ? { ...inner, since: null } : inner;
    });
  world.onAction = (action) => decisions.push(action.type === "record" ? action.type : timeless(action));
  world.die(() => true);
  for (const one of happenings) {
    happen(world, one);
    decisions.push(timeless(world.state), nextDeadline(world.state));
  }
  return decisions;
}

test("a wall clock that jumps, back and forth and by years, changes nothing that is done and no deadline", () => {
  const jumps = fc.array(fc.integer({ min: -1e11, max: 1e11 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(specifications, history, jumps, (specs, happenings, by) => {
      let look = 0;
      const jumping = (now: number): number => now + (by[look++ % by.length] ?? 0);
      assert.deepEqual(
        decisionsOf(specs, happenings, jumping),
        decisionsOf(specs, happenings, (now) => now),
      );
    }),
    { numRuns: 1_000, includeErrorInReport: true },
  );
});

test("when the world behaves again, every upgrade, start and stop comes to its end and nothing is left over", () => {
  fc.assert(
    fc.property(specifications, history, fc.boolean(), (specs, happenings, workersIgnoreTerm) => {
      const world = worldAfter(specs, happenings);
      const written = encodeReadable({ name: "web", bootId: "b", revision: 1, state: world.state });
      assert.ok(written.ok, written.ok ? "" : written.failure.message);
      settle(world, workersIgnoreTerm);
      assert.deepEqual([...world.problems, ...atRest(world)], []);
    }),
    { numRuns: 5_000, includeErrorInReport: true },
  );
});
