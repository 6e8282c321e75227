import assert from "node:assert/strict";
import { decide } from "../../../src/model/decide.js";
import type { Action, Event } from "../../../src/model/event.js";
import { activeGeneration, findGeneration, isLive } from "../../../src/model/find.js";
import type { Generation, WorkerRun } from "../../../src/model/generation-state.js";
import type { Plan } from "../../../src/model/plan.js";
import { initialState, type State } from "../../../src/model/state.js";
import type { Outcome } from "../../../src/model/upgrade-state.js";
import { violations } from "./invariants.js";
import { copied, plainly, prepared, processOf, specify } from "./sample.js";

type ActionOf<T extends Action["type"]> = Extract<Action, { readonly type: T }>;

/** One run of the model, told step by step; every step is held against the invariants. */
export class Story {
  state: State = initialState;
  now = 1_000_000;
  /** Of the last step. */
  actions: readonly Action[] = [];
  #nextPid = 100;

  send(event: Event): this {
    const before = this.state;
    const decision = decide(before, event, { now: this.now, wall: this.now });
    assert.deepEqual(violations({ before, event, now: this.now, decision }), []);
    this.state = decision.state;
    this.actions = decision.actions;
    return this;
  }

  /** Lets time pass, then does what is due. */
  after(ms: number): this {
    this.now += ms;
    return this.send({ type: "tick" });
  }

  /** Lets time pass and nothing else. */
  pass(ms: number): this {
    this.now += ms;
    return this;
  }

  request(kind: "upgrade" | "rollback" = "upgrade", hold = false): this {
    return this.send(
      kind === "rollback"
        ? { type: "upgrade-requested", kind, to: null }
        : { type: "upgrade-requested", kind, ...plainly, hold },
    );
  }

  /** The first daemon of the service, which finds nothing. */
  begin(): this {
    return this.send({ type: "recovered", alive: [], unconnected: [], snapshots: [], wanted: true });
  }

  /** A first start that went well: generation 1 is active. */
  start(change: Partial<Plan> = {}): this {
    return this.begin().candidate(change).allReady();
  }

  /** Answers the preparation that runs and spawns all workers of the candidate. */
  candidate(change: Partial<Plan> = {}): this {
    assert.ok(this.state.upgrade !== null, "no upgrade runs");
    this.send(prepared(this.state.upgrade.id, specify(change)));
    const making = this.state.snapshots.find(({ phase }) => phase === "making");
    if (making !== undefined) this.send(copied(making.id, change.release));
    return this.spawnAll();
  }

  /** Gives every worker that is wanted a process. */
  spawnAll(): this {
    for (const { id, workers } of this.state.generations) {
      for (const { index, run } of workers) {
        if (run.phase !== "spawning") continue;
        this.send({ type: "spawned", generation: id, index, process: processOf(this.#nextPid++) });
      }
    }
    return this;
  }

  allReady(): this {
    for (const { id, workers } of this.state.generations) {
      for (const { index } of workers) this.ready(id, index);
    }
    return this;
  }

  /** All workers of a generation say hello: they are native. */
  speak(generation: number): this {
    for (const { index } of this.generation(generation).workers) {
      this.send({ type: "worker-native", generation, index, protocol: 2 });
    }
    return this;
  }

  ready(generation: number, index: number): this {
    const pid = this.pidOf(generation, index);
    return pid === undefined ? this : this.send({ type: "worker-ready", generation, index, pid });
  }

  exit(generation: number, index: number, code = 1): this {
    const pid = this.pidOf(generation, index);
    assert.ok(pid !== undefined, `worker ${generation}.${index} has no process`);
    return this.send({ type: "worker-exited", generation, index, pid, exit: { code, signal: null } });
  }

  /** All workers of a generation end. */
  end(generation: number): this {
    for (const { index } of this.generation(generation).workers) this.exit(generation, index, 0);
    return this;
  }

  /** The daemon dies and another recovers, with the workers in `alive`, written `1.0`; all of them when not given. */
  die(alive?: readonly string[]): this {
    const slots = this.state.generations.flatMap(({ id, workers }) =>
      workers.flatMap(({ index, run }) =>
        isLive(run) && (alive?.includes(`${id}.${index}`) ?? true)
          ? [{ generation: id, index, process: run.process }]
          : [],
      ),
    );
    return this.send({
      type: "recovered",
      alive: slots,
      unconnected: [],
      snapshots: this.state.snapshots.map(({ id }) => id),
      wanted: false,
    });
  }

  /** The actions of one type in the last step. */
  did<T extends Action["type"]>(type: T): ActionOf<T>[] {
    return this.actions.filter((action): action is ActionOf<T> => action.type === type);
  }

  get active(): number | undefined {
    return activeGeneration(this.state)?.id;
  }

  get lastOutcome(): Outcome | undefined {
    return this.state.outcomes.at(-1);
  }

  generation(id: number): Generation {
    const generation = findGeneration(this.state, id);
    assert.ok(generation !== undefined, `there is no generation ${id}`);
    return generation;
  }

  run(generation: number, index: number): WorkerRun {
    const worker = this.generation(generation).workers.find((one) => one.index === index);
    assert.ok(worker !== undefined, `there is no worker ${generation}.${index}`);
    return worker.run;
  }

  pidOf(generation: number, index: number): number | undefined {
    const run = this.run(generation, index);
    return isLive(run) ? run.process.pid : undefined;
  }
}
