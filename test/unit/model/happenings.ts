import fc from "fast-check";
import { fail, succeed } from "../../../src/lib/failure.js";
import type { Event } from "../../../src/model/event.js";
import { type Plan, type Specification, unjudged } from "../../../src/model/plan.js";
import { failure, killMs, plainly, processOf, specify } from "./sample.js";
import type { World } from "./world.js";
import { anyFailure } from "./world-jobs.js";

/** Something that may happen at any time; `which` chooses among what there is. */
export type Happening =
  | { readonly what: "job-ends"; readonly which: number; readonly well: boolean }
  | {
      readonly what: "worker-ready" | "worker-exits" | "worker-reads" | "worker-counts" | "worker-leaves";
      readonly which: number;
    }
  | { readonly what: "worker-says-hello" | "worker-wants-listener"; readonly which: number }
  /** The generation that is active, or any other. */
  | { readonly what: "judged-bad"; readonly which: number }
  | { readonly what: "channel-lost"; readonly which: number; readonly noticed: boolean }
  | { readonly what: "time-passes"; readonly ms: number }
  | { readonly what: "event"; readonly event: Event; readonly acts: number }
  | { readonly what: "daemon-dies"; readonly survivors: number; readonly loses: boolean };

const which = fc.nat({ max: 30 });

/** What people, systemd and the disk ask of the daemon. */
const asked: readonly Event[] = [
  { type: "upgrade-requested", kind: "upgrade", ...plainly },
  { type: "upgrade-requested", kind: "upgrade", ...plainly, hold: true },
  { type: "upgrade-requested", kind: "upgrade", ...plainly, stage: true },
  { type: "upgrade-requested", kind: "upgrade", ...plainly, force: true },
  { type: "keep-requested" },
  { type: "upgrade-requested", kind: "rollback", to: null },
  { type: "upgrade-requested", kind: "rollback", to: 1 },
  { type: "drain-requested" },
  { type: "stop-requested", fast: false },
  { type: "stop-requested", fast: true },
  { type: "leave-requested", next: "adopt" },
  { type: "leave-requested", next: "upgrade" },
  { type: "persist-failed", failure: failure("state-unwritable") },
  { type: "persist-restored" },
  { type: "faulted", failure: failure("daemon-fault") },
  { type: "tick" },
];

/** What no right daemon sends: stale pids, slots and upgrades that never were. Process ids are of no being. */
const nonsense = fc
  .oneof(
    fc.record({
      generation: fc.nat({ max: 6 }),
      index: fc.nat({ max: 3 }),
      pid: fc.integer({ min: 1, max: 50 }),
    }),
  )
  .chain(({ generation, index, pid }) =>
    fc.constantFrom<Event>(
      { type: "worker-ready", generation, index, pid },
      { type: "channel-lost", generation: generation + 1000, index },
      { type: "worker-status", generation, index, pid, text: "hello" },
      { type: "worker-exited", generation, index, pid, exit: { code: null, signal: "SIGSEGV" } },
      { type: "spawned", generation: generation + 1000, index, process: processOf(pid) },
      { type: "spawn-failed", generation: generation + 1000, index, failure: anyFailure },
      { type: "checked", generation: generation + 1000, failure: null },
      { type: "signalled", slots: [{ generation: generation + 1000, index }], plain: [] },
      { type: "snapshot-made", snapshot: generation + 1000, result: fail("snapshot-failed", "too late") },
      { type: "snapshot-removed", snapshot: generation + 1000, result: succeed([]) },
      { type: "snapshot-inspected", snapshot: generation, written: ["uploads"] },
      { type: "prepared", upgrade: 10_000 + pid, result: { ok: false, failure: anyFailure } },
    ),
  );

export const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant("job-ends" as const),
      which,
      well: fc.nat(9).map((n) => n > 0),
    }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant("worker-ready" as const), which }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant("worker-exits" as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom(
        "worker-says-hello" as const,
        "worker-wants-listener" as const,
        "worker-reads" as const,
        "worker-counts" as const,
      ),
      which,
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("worker-leaves" as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant("channel-lost" as const), which, noticed: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("judged-bad" as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("time-passes" as const),
      ms: fc.constantFrom(0, 50, 100, 1_000, killMs, 30_000, 60_000, 3_600_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant("event" as const),
      event: fc.constantFrom(...asked),
      acts: fc.constantFrom(0, 1, 2, 3, ...new Array<number>(12).fill(1_000)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant("event" as const), event: nonsense, acts: fc.constant(1_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("daemon-dies" as const),
      survivors: fc.nat(),
      loses: fc.nat(9).map((n) => n === 0),
    }),
  },
);

const plan: fc.Arbitrary<Partial<Plan>> = fc.record({
  strategy: fc.constantFrom("overlap" as const, "exclusive" as const),
  warm: fc.constantFrom([], ["/"]),
  verify: fc.constantFrom(null, { http: "/healthz", status: 200, timeoutMs: 5_000 }),
  snapshot: fc.boolean(),
  keep: fc.constantFrom(1, 3),
  workers: fc.integer({ min: 1, max: 3 }),
  trial: fc.constantFrom({ timeMs: 0, share: null }, { timeMs: 3_000, share: null }),
  probation: fc.constantFrom({ timeMs: 0 }, { timeMs: 60_000 }),
  judge: fc.boolean().map((deaths) => ({ ...unjudged.judge, deaths, errors: deaths ? 0.05 : null })),
  rollback: fc.boolean().map((loseState) => ({ loseState })),
  check: fc.constantFrom(null, ["check"]),
  ready: fc.constantFrom<Plan["ready"]>(
    { rule: { when: "notify" }, timeoutMs: 30_000 },
    { rule: { when: "command", command: ["curl"] }, timeoutMs: 30_000 },
    { rule: { when: "after", afterMs: 2_000 }, timeoutMs: 30_000 },
  ),
});

export const specifications: fc.Arbitrary<Specification[]> = fc.array(plan.map(specify), {
  minLength: 1,
  maxLength: 3,
});

export function happen(world: World, happening: Happening): void {
  // A daemon that has exited hears nothing; systemd starts the next one.
  if (world.exited !== null) world.die(() => true);
  switch (happening.what) {
    case "job-ends": {
      const job = pick(world.jobs, happening.which);
      if (job !== undefined) world.finish(job, happening.well ? null : anyFailure);
      break;
    }
    case "worker-ready": {
      const being = pick(world.beings, happening.which);
      if (being?.gate === "open") world.sayReady(being);
      break;
    }
    case "worker-exits": {
      const being = pick(world.beings, happening.which);
      if (being !== undefined) world.exit(being);
      break;
    }
    case "worker-says-hello": {
      const being = pick(world.beings, happening.which);
      if (being?.gate === "open") world.sayHello(being);
      break;
    }
    case "worker-wants-listener": {
      const being = pick(world.beings, happening.which);
      if (being?.gate === "open") world.wantListener(being);
      break;
    }
    case "worker-leaves": {
      const able = world.beings.filter(({ gate, mute }) => gate === "open" && !mute);
      const being = pick(able, happening.which);
      if (being !== undefined) world.leave(being);
      break;
    }
    case "worker-reads": {
      const being = pick(
        world.beings.filter(({ unread }) => unread),
        happening.which,
      );
      if (being !== undefined) being.unread = false;
      break;
    }
    case "worker-counts": {
      const being = pick(world.beings, happening.which);
      if (being?.gate === "open") world.count(being);
      break;
    }
    case "channel-lost": {
      const being = pick(
        world.beings.filter(({ native }) => native),
        happening.which,
      );
      if (being !== undefined) world.loseChannel(being, happening.noticed);
      break;
    }
    case "judged-bad": {
      const { generations } = world.state;
      const active = generations.find(({ stage }) => stage.phase === "active");
      const meant = happening.which % 3 === 0 ? pick(generations, happening.which) : active;
      if (meant !== undefined) world.send({ type: "judged-bad", generation: meant.id, why: "it is bad" });
      break;
    }
    case "time-passes":
      world.pass(happening.ms);
      break;
    case "event":
      world.send(happening.event, happening.acts);
      break;
    case "daemon-dies":
      if (happening.loses) world.loseSnapshot();
      world.die((being) => ((happening.survivors >> (being.process.pid % 16)) & 1) === 1);
      break;
    default:
      happening satisfies never;
  }
}

function pick<T>(from: readonly T[], which: number): T | undefined {
  return from[which % Math.max(from.length, 1)];
}
