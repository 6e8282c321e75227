import { fail, succeed } from "../../../src/lib/failure.js";
import type { Action, Slot, SlotProcess } from "../../../src/model/event.js";
import type { ModelFailure } from "../../../src/model/failure.js";
import { failure, listener, processOf, specify } from "./sample.js";
import type { World } from "./world.js";

/** What the daemon has begun and not yet heard the end of; it dies with the daemon. */
export type Job = Extract<
  Action,
  {
    readonly type:
      | "prepare"
      | "make-snapshot"
      | "remove-snapshot"
      | "inspect-snapshot"
      | "check"
      | "spawn"
      | "await-ready"
      | "examine"
      | "verify"
      | "ask-counts";
  }
>;

/** A process of a worker; it outlives the daemon, unless it still waits at its gate. */
export interface Being extends SlotProcess {
  gate: "closed" | "open";
  signal: "none" | "terminate" | "kill";
  /** It has said hello, and its channel is whole. */
  native: boolean;
  /** Its channel is lost. */
  mute: boolean;
  /** It was asked to drain on its channel, and has not read that. */
  unread: boolean;
  /** SIGTERMs of this daemon that only ask; a native worker would take the second one for the end of its time. */
  asked: number;
}

export const anyFailure = failure("spawn-failed");

/** A job ends; not well, if `problem` says so. */
export function finishJob(world: World, job: Job, problem: ModelFailure | null): void {
  switch (job.type) {
    case "prepare":
      prepare(world, job, problem);
      break;
    case "make-snapshot":
      makeSnapshot(world, job, problem);
      break;
    case "remove-snapshot":
      removeSnapshot(world, job.snapshot, problem);
      break;
    case "inspect-snapshot":
      world.send({
        type: "snapshot-inspected",
        snapshot: job.snapshot,
        written: problem === null ? [] : ["data"],
      });
      break;
    case "check":
      world.send({ type: "checked", generation: job.generation, failure: problem });
      break;
    case "examine":
      world.send({ type: "examined", generation: job.generation, why: problem?.message ?? null });
      break;
    case "verify":
      world.send({
        type: "verified",
        generation: job.generation,
        failure: problem,
        // Every fourth generation has changed its state for good.
        noWayBack: job.generation % 4 === 0 ? failure("state-refused") : null,
      });
      break;
    case "ask-counts":
      world.send({ type: "counts-asked" });
      break;
    case "spawn":
      spawn(world, job, problem);
      break;
    case "await-ready":
      if (problem === null) world.send({ ...job, type: "worker-ready", pid: job.process.pid });
      break;
    default:
      job satisfies never;
  }
}

function makeSnapshot(
  world: World,
  { snapshot: id, base, asIs }: Extract<Job, { type: "make-snapshot" }>,
  problem: ModelFailure | null,
): void {
  // Every other upgrade is of the same release.
  const fingerprint = String(id >> 1);
  const before = world.state.snapshots.find((one) => one.id === base);
  const sameAs = asIs && before?.fingerprint === fingerprint ? before.id : null;
  if (problem === null && sameAs === null) world.directories.set(id, "whole");
  else world.directories.delete(id);
  const result =
    problem === null
      ? succeed({ fingerprint, version: null, commit: null, uncopied: [], sameAs })
      : fail(problem.reason, problem.message);
  world.send({ type: "snapshot-made", snapshot: id, result });
}

/** The one that makes it ends before. */
function removeSnapshot(world: World, id: number, problem: ModelFailure | null): void {
  const maker = world.jobs.find((job) => job.type === "make-snapshot" && job.snapshot === id);
  if (maker !== undefined) world.finish(maker, anyFailure);
  if (problem === null) world.directories.delete(id);
  const result = problem === null ? succeed([]) : fail(problem.reason, problem.message);
  world.send({ type: "snapshot-removed", snapshot: id, result });
}

function prepare(
  world: World,
  { upgrade, again }: Extract<Job, { type: "prepare" }>,
  problem: ModelFailure | null,
): void {
  if (problem !== null) {
    world.send({ type: "prepared", upgrade, result: fail(problem.reason, problem.message) });
    return;
  }
  const chosen =
    again?.specification ?? world.specifications[upgrade % world.specifications.length] ?? specify();
  const id = world.held.reduce((next, one) => Math.max(next, one.id + 1), world.state.nextListener);
  // Every other upgrade moves the listener to another address.
  const declared = world.held.filter(({ origin }) => origin !== "app");
  if (upgrade % 2 === 0 || declared.length === 0) {
    world.held = [...world.held, { ...listener, id, address: `127.0.0.1:${id}`, inode: String(id) }];
  }
  const last = world.held.findLast(({ origin }) => origin !== "app");
  const listeners = last === undefined ? [] : [last.id];
  const result = succeed({
    specification: chosen,
    version: null,
    commit: null,
    held: world.held,
    listeners,
  });
  world.send({ type: "prepared", upgrade, result });
}

function spawn(world: World, { generation, index }: Slot, problem: ModelFailure | null): void {
  if (problem !== null) {
    world.send({ type: "spawn-failed", generation, index, failure: problem });
    return;
  }
  const process = processOf(world.nextPid++);
  world.beings.push({
    generation,
    index,
    process,
    gate: "closed",
    signal: "none",
    native: false,
    mute: false,
    unread: false,
    asked: 0,
  });
  world.send({ type: "spawned", generation, index, process });
}
