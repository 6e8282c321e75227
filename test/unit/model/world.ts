import { nothingCounted } from "../../../src/lib/counters.js";
import { fail, succeed } from "../../../src/lib/failure.js";
import { serviceTotals } from "../../../src/model/counters.js";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { decide } from "../../../src/model/decide.js";
import type { Action, Event, Slot, SlotProcess } from "../../../src/model/event.js";
import type { ModelFailure } from "../../../src/model/failure.js";
import { isLive } from "../../../src/model/find.js";
import type { Specification } from "../../../src/model/plan.js";
import { initialState, type Listener, type State } from "../../../src/model/state.js";
import { findWorker } from "../../../src/model/turn.js";
import { violations } from "./invariants.js";
import { failure, listener, processOf, specify } from "./sample.js";

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
      | "verify";
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

/** The world as the model's actions change it, with every step held against the invariants. */
export class World {
  state: State = initialState;
  now = 1_000_000;
  exited: string | null = null;
  jobs: Job[] = [];
  beings: Being[] = [];
  /** The listeners that are really open. */
  held: Listener[] = [listener];
  /** The directories of snapshots on disk. */
  readonly directories = new Map<number, "part" | "whole">();
  readonly problems: string[] = [];
  onAction: (action: Action) => void = () => {};
  /** What the state was told of processes that it knew, by pid: that is what it has to add up to. */
  readonly #told = new Map<number, number>();
  readonly #specifications: readonly Specification[];
  #queue: Event[] = [];
  #nextPid = 100;

  constructor(specifications: readonly Specification[] = [specify()]) {
    this.#specifications = specifications;
  }

  /** Decides, and does what was decided: all of it, or the first `acts` actions before the daemon dies. */
  send(event: Event, acts = Number.POSITIVE_INFINITY): void {
    this.#queue.push(event);
    this.#work(acts);
  }

  #work(acts: number): void {
    let left = acts;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      for (const action of this.#decide(next)) {
        if (left-- <= 0) {
          this.die(() => true);
          return;
        }
        this.#act(action);
      }
    }
    this.#compare();
  }

  /** The daemon dies, of whatever cause; the next one finds the workers that `survives` leaves. */
  die(survives: (being: Being) => boolean): void {
    this.jobs = [];
    this.#queue = [];
    this.exited = null;
    this.beings = this.beings.filter((being) => being.gate === "open" && survives(being));
    for (const being of this.beings) being.asked = 0;
    const alive = this.beings.filter((being) => this.#isKnown(being));
    this.#queue.push({
      type: "recovered",
      alive,
      unconnected: alive.filter(({ native }) => !native),
      snapshots: [...this.directories.keys()],
      wanted: false,
    });
    this.#work(Number.POSITIVE_INFINITY);
  }

  /** Once: without its channel there is nothing to say it on. */
  sayHello(being: Being): void {
    if (being.native || being.mute) return;
    being.native = true;
    this.send({ type: "worker-native", generation: being.generation, index: being.index, protocol: 2 });
  }

  /** Its app listens on an address of its own. */
  wantListener({ generation, index }: Being): void {
    this.send({ type: "listener-wanted", generation, index, request: 1, address: "127.0.0.1:9" });
  }

  /** Somebody else tells it to end, and it says so. */
  leave({ generation, index, process }: Being): void {
    this.send({ type: "worker-leaving", generation, index, pid: process.pid });
  }

  /** With `noticed` the daemon lives to see it; else the next one finds no channel. */
  loseChannel(being: Being, noticed: boolean): void {
    being.native = false;
    being.mute = true;
    const { generation, index } = being;
    if (noticed) this.send({ type: "channel-lost", generation, index });
    else this.die(() => true);
  }

  /** A job ends; not well, if `problem` says so. */
  finish(job: Job, problem: ModelFailure | null): void {
    this.jobs = this.jobs.filter((other) => other !== job);
    switch (job.type) {
      case "prepare":
        this.#prepare(job, problem);
        break;
      case "make-snapshot":
        this.#makeSnapshot(job.snapshot, problem);
        break;
      case "remove-snapshot":
        this.#removeSnapshot(job.snapshot, problem);
        break;
      case "inspect-snapshot":
        this.send({
          type: "snapshot-inspected",
          snapshot: job.snapshot,
          written: problem === null ? [] : ["data"],
        });
        break;
      case "check":
        this.send({ type: "checked", generation: job.generation, failure: problem });
        break;
      case "examine":
        this.send({ type: "examined", generation: job.generation, why: problem?.message ?? null });
        break;
      case "verify":
        this.send({
          type: "verified",
          generation: job.generation,
          failure: problem,
          // Every fourth generation has changed its state for good.
          noWayBack: job.generation % 4 === 0 ? failure("state-refused") : null,
        });
        break;
      case "spawn":
        this.#spawn(job, problem);
        break;
      case "await-ready":
        if (problem === null) this.send({ ...job, type: "worker-ready", pid: job.process.pid });
        break;
      default:
        job satisfies never;
    }
  }

  exit(being: Being): void {
    this.beings = this.beings.filter((other) => other !== being);
    const { generation, index, process } = being;
    const exit = { code: 1, signal: null };
    this.send({ type: "worker-exited", generation, index, pid: process.pid, exit });
  }

  sayReady({ generation, index, process }: Being): void {
    this.send({ type: "worker-ready", generation, index, pid: process.pid });
  }

  /** It tells what it has counted: each time three more. */
  count(being: Being): void {
    const { generation, index } = being;
    const { pid } = being.process;
    const requests = (this.#told.get(pid) ?? 0) + 3;
    // Every third generation answers errors.
    const answers = generation % 3 === 0 ? { serverErrors: 20 * requests } : { ok: 20 * requests };
    const listeners = [{ listener: "http", ...nothingCounted, accepted: 1, requests, ...answers }];
    if (this.#isKnown(being)) this.#told.set(pid, requests);
    this.send({ type: "counted", counts: [{ generation, index, pid, listeners }] });
  }

  /** Time passes; the daemon's timer goes off if it is due. */
  pass(ms: number): void {
    this.now += ms;
    const deadline = nextDeadline(this.state);
    if (deadline !== undefined && deadline <= this.now) this.send({ type: "tick" });
  }

  /** While no daemon lives somebody deletes one. */
  loseSnapshot(): void {
    const [id] = this.directories.keys();
    if (id !== undefined) this.directories.delete(id);
  }

  #makeSnapshot(id: number, problem: ModelFailure | null): void {
    if (problem === null) this.directories.set(id, "whole");
    else this.directories.delete(id);
    const result =
      problem === null
        ? // Every other upgrade is of the same release.
          succeed({ fingerprint: String(id >> 1), version: null, commit: null, uncopied: [] })
        : fail(problem.reason, problem.message);
    this.send({ type: "snapshot-made", snapshot: id, result });
  }

  /** The one that makes it ends before. */
  #removeSnapshot(id: number, problem: ModelFailure | null): void {
    const maker = this.jobs.find((job) => job.type === "make-snapshot" && job.snapshot === id);
    if (maker !== undefined) this.finish(maker, anyFailure);
    if (problem === null) this.directories.delete(id);
    const result = problem === null ? succeed([]) : fail(problem.reason, problem.message);
    this.send({ type: "snapshot-removed", snapshot: id, result });
  }

  #prepare({ upgrade, again }: Extract<Job, { type: "prepare" }>, problem: ModelFailure | null): void {
    if (problem !== null) {
      this.send({ type: "prepared", upgrade, result: fail(problem.reason, problem.message) });
      return;
    }
    const chosen =
      again?.specification ?? this.#specifications[upgrade % this.#specifications.length] ?? specify();
    const id = this.held.reduce((next, one) => Math.max(next, one.id + 1), this.state.nextListener);
    // Every other upgrade moves the listener to another address.
    const declared = this.held.filter(({ origin }) => origin !== "app");
    if (upgrade % 2 === 0 || declared.length === 0) {
      this.held = [...this.held, { ...listener, id, address: `127.0.0.1:${id}`, inode: String(id) }];
    }
    const last = this.held.findLast(({ origin }) => origin !== "app");
    const listeners = last === undefined ? [] : [last.id];
    const result = succeed({
      specification: chosen,
      version: null,
      commit: null,
      held: this.held,
      listeners,
    });
    this.send({ type: "prepared", upgrade, result });
  }

  #spawn({ generation, index }: Slot, problem: ModelFailure | null): void {
    if (problem !== null) {
      this.send({ type: "spawn-failed", generation, index, failure: problem });
      return;
    }
    const process = processOf(this.#nextPid++);
    this.beings.push({
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
    this.send({ type: "spawned", generation, index, process });
  }

  #decide(event: Event): readonly Action[] {
    const before = this.state;
    const decision = decide(before, event, { now: this.now, wall: this.now });
    const found = violations({ before, event, now: this.now, decision });
    this.problems.push(...found.map((problem) => `${problem} (after ${JSON.stringify(event)})`));
    this.state = decision.state;
    return decision.actions;
  }

  #act(action: Action): void {
    this.onAction(action);
    switch (action.type) {
      case "make-snapshot":
        this.directories.set(action.snapshot, "part");
        this.jobs.push(action);
        break;
      case "prepare":
      case "remove-snapshot":
      case "inspect-snapshot":
      case "check":
      case "spawn":
      case "await-ready":
      case "examine":
      case "verify":
        this.jobs.push(action);
        break;
      case "open-gate":
        for (const being of this.#find(action)) being.gate = "open";
        break;
      case "terminate":
        for (const being of action.slots.flatMap((slot) => this.#find(slot))) {
          if (!being.native && !action.insist) being.asked += 1;
          if (being.native && !action.insist) being.unread = true;
          else if (being.signal === "none") being.signal = "terminate";
        }
        this.#queue.push({
          type: "signalled",
          slots: action.slots,
          plain: action.slots.filter((slot) => !action.insist && !this.#find(slot).some((one) => one.native)),
        });
        break;
      case "kill":
        for (const being of this.#find(action)) being.signal = "kill";
        break;
      case "close-listener":
        this.held = this.held.filter(({ id }) => id !== action.listener.id);
        this.#queue.push({ type: "listener-closed", id: action.listener.id });
        break;
      case "revive-listener":
        this.#queue.push({ type: "listener-revived", id: action.listener.id, failure: null });
        break;
      case "open-listener": {
        const id = this.state.nextListener;
        const { address } = action;
        const opened: Listener = {
          ...listener,
          id,
          address,
          name: "undeclared",
          inode: String(id),
          origin: "app",
        };
        this.held = [...this.held, opened];
        this.#queue.unshift({ ...action, type: "listener-opened", result: succeed(opened) });
        break;
      }
      case "exit":
        this.exited = action.status;
        break;
      case "follow":
      case "activate":
      case "forget":
      case "restore-backlogs":
      case "apply-modes":
      case "give-listener":
      case "announce":
      case "record":
        break;
      default:
        action satisfies never;
    }
  }

  #find({ process }: SlotProcess): Being[] {
    return this.beings.filter((being) => being.process.pid === process.pid);
  }

  #isKnown(being: Being): boolean {
    const run = findWorker(this.state, being)?.run;
    return run !== undefined && isLive(run) && run.process.pid === being.process.pid;
  }

  /** Holds what the state knows against what there is. */
  #compare(): void {
    const stray = this.beings.find(
      (one) => one.gate === "open" && one.signal !== "kill" && !this.#isKnown(one),
    );
    if (stray !== undefined) this.problems.push(`nobody knows the worker ${JSON.stringify(stray)}`);
    for (const being of this.beings) {
      if (being.asked > 1) this.problems.push(`worker ${being.generation}.${being.index} is asked twice`);
      if (being.native || !being.unread || being.signal !== "none" || !this.#isKnown(being)) continue;
      this.problems.push(`nobody tells worker ${being.generation}.${being.index} to drain`);
    }
    const total = serviceTotals(this.state).reduce((sum, { requests }) => sum + requests, 0);
    const told = [...this.#told.values()].reduce((sum, requests) => sum + requests, 0);
    if (this.#told.size > 0 && total !== told)
      this.problems.push(`${told} requests were told of, ${total} are known`);
    const open = new Set(this.held.map(({ id }) => id));
    for (const { id } of this.state.listeners) {
      if (!open.has(id)) this.problems.push(`the state holds listener ${id}, which is closed`);
    }
    for (const { id, phase } of this.state.snapshots) {
      if (phase === "ready" && this.directories.get(id) !== "whole") {
        this.problems.push(`snapshot ${id} is ready, and on disk ${this.directories.get(id)}`);
      }
    }
    for (const id of this.directories.keys()) {
      if (!this.state.snapshots.some((one) => one.id === id)) {
        this.problems.push(`nobody knows the snapshot ${id} on disk`);
      }
    }
    const known = [...this.state.listeners, ...this.state.closing].map(({ id }) => id);
    for (const { id } of this.held) {
      if (known.length > 0 && !known.includes(id))
        this.problems.push(`listener ${id} is open, and nobody knows it`);
    }
  }
}

export const anyFailure = failure("spawn-failed");
