import { nothingCounted } from "../../../src/lib/counters.js";
import { succeed } from "../../../src/lib/failure.js";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { decide } from "../../../src/model/decide.js";
import type { Action, Event, SlotProcess } from "../../../src/model/event.js";
import type { ModelFailure } from "../../../src/model/failure.js";
import { isLive } from "../../../src/model/find.js";
import type { Specification } from "../../../src/model/plan.js";
import { initialState, type Listener, type State } from "../../../src/model/state.js";
import { findWorker } from "../../../src/model/turn.js";
import { violations } from "./invariants.js";
import { listener, specify } from "./sample.js";
import { differences } from "./world-differences.js";
import type { Being, Job } from "./world-jobs.js";
import { finishJob } from "./world-jobs.js";

/** The world as the model's actions change it, with every step held against the invariants. */
export class World {
  state: State = initialState;
  now = 1_000_000;
  /** What the wall clock shows at that time. */
  wallAt: (now: number) => number = (now) => now;
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
  readonly told = new Map<number, number>();
  readonly specifications: readonly Specification[];
  #queue: Event[] = [];
  nextPid = 100;

  constructor(specifications: readonly Specification[] = [specify()]) {
    this.specifications = specifications;
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
    this.problems.push(...differences(this));
  }

  /** The daemon dies, of whatever cause; the next one finds the workers that `survives` leaves. */
  die(survives: (being: Being) => boolean): void {
    this.jobs = [];
    this.#queue = [];
    this.exited = null;
    this.beings = this.beings.filter((being) => being.gate === "open" && survives(being));
    for (const being of this.beings) being.asked = 0;
    const alive = this.beings.filter((being) => this.isKnown(being));
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

  /** Somebody else tells it to end, and it says so, after its hello. */
  leave(being: Being): void {
    this.sayHello(being);
    const { generation, index, process } = being;
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
    finishJob(this, job, problem);
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
    const requests = (this.told.get(pid) ?? 0) + 3;
    // Every third generation answers errors.
    const answers = generation % 3 === 0 ? { serverErrors: 20 * requests } : { ok: 20 * requests };
    const listeners = [{ listener: "http", ...nothingCounted, accepted: 1, requests, ...answers }];
    if (this.isKnown(being)) this.told.set(pid, requests);
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

  #decide(event: Event): readonly Action[] {
    const before = this.state;
    const decision = decide(before, event, { now: this.now, wall: this.wallAt(this.now) });
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
      case "ask-counts":
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

  isKnown(being: Being): boolean {
    const run = findWorker(this.state, being)?.run;
    return run !== undefined && isLive(run) && run.process.pid === being.process.pid;
  }
}
