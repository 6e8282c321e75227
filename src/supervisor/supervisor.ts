import { messageOf } from "../lib/failure.js";
import { commits } from "../model/commit.js";
import { nextDeadline } from "../model/deadlines.js";
import { decide } from "../model/decide.js";
import type { Action, Decision, Event } from "../model/event.js";
import { failedAction, faulted } from "../model/fault.js";
import { lasts } from "../model/lasts.js";
import { initialState, type State } from "../model/state.js";
import { isStart, isUncommitted } from "../model/upgrade.js";
import type { Answer, Effects } from "./effects.js";

/**
 * The single loop: event → decide → persist → act. Everything that happens comes in by `push`; nothing else changes
 * the state, and no action is done that the state file does not know as intended, but the start of a worker up to its gate.
 *
 * An action that throws has failed, as its end in the world might have, and the others of the turn are done. Any other throw is a fault
 * of the daemon: by a decision, or by the write of what was decided, or by an action of which nobody hears the end. Then the state
 * stays what the last whole turn made it, the event is lost with all that followed from it, an upgrade under way is given up, and
 * another loop begins with a recovery, which finds what was lost. What throws in the recovery itself ends the daemon.
 */
export class Supervisor {
  #effects: Effects | undefined;
  readonly #queue: Event[] = [];
  #state = initialState;
  /** The last state that was given to the disk, and the last that was given to memory alone or to both. */
  #persisted: State | undefined;
  #remembered: State | undefined;
  #running = false;
  #exited = false;

  /** The loop turns from here on. What was pushed before, by parts that were there first, comes after `first`. */
  begin(state: State, effects: Effects, first: Event): void {
    this.#state = state;
    this.#effects = effects;
    this.#running = true;
    try {
      this.#turn(first, effects);
    } finally {
      this.#running = false;
    }
    this.push();
  }

  get state(): State {
    return this.#state;
  }

  /** The daemon is leaving: nothing is decided or done any more. */
  get exited(): boolean {
    return this.#exited;
  }

  /** What is known at the same time is given together: then it is written down once. */
  push(...events: readonly Event[]): void {
    this.#queue.push(...events);
    const effects = this.#effects;
    if (this.#running || effects === undefined) return;
    this.#running = true;
    for (let event = this.#queue.shift(); event !== undefined && !this.#exited; event = this.#queue.shift()) {
      try {
        this.#turn(event, effects);
      } catch (error) {
        // What was decided may be on disk, and is not done.
        this.#persisted = undefined;
        if (event.type === "faulted") effects.report("give up the upgrade", error);
        else this.fault(`take the event ${event.type}`, error);
      }
    }
    this.#running = false;
    if (this.#exited) return;
    effects.publish(this.#state);
    effects.wakeAt(nextDeadline(this.#state), () => this.push({ type: "tick" }));
  }

  /** Something was thrown that nobody expects, in this loop or beside it. */
  fault(what: string, error: unknown): void {
    if (this.#exited || this.#effects === undefined) return;
    this.#effects.report(what, error);
    this.#effects.beginAnew();
    this.push(faulted(describe(what, error)));
  }

  /** Nothing is decided or done any more. */
  end(): void {
    this.#exited = true;
  }

  /** Writes a state that could not be written before; true when nothing is unwritten. */
  retryPersist(): boolean {
    if (this.#state.unwritable === null) return true;
    if (this.#effects?.persist({ ...this.#state, unwritable: null }).ok)
      this.push({ type: "persist-restored" });
    return this.#state.unwritable === null;
  }

  #turn(event: Event, effects: Effects): void {
    const decided = decide(this.#state, event, effects.clock());
    const { state, actions } = commits(this.#state, decided.state) ? decided : this.#spawn(decided, effects);
    const ends = actions.some(({ type }) => type === "exit");
    const acts = actions.length > 0 || this.#queue.length === 0;
    if (acts && !this.#write(state, ends, effects)) return;
    this.#state = state;
    this.#perform(actions, effects);
  }

  /**
   * Starts the workers of a decision, which wait at their gates, before it is written down: one write then tells what was intended and
   * what has come of it, and opens the gates. Should this process die before it, they end where they are.
   */
  #spawn({ state, actions }: Decision, effects: Effects): Decision {
    const spawns = actions.filter(({ type }) => type === "spawn");
    const rest = actions.filter(({ type }) => type !== "spawn");
    for (const event of this.#answersTo(spawns, state, effects)) {
      const next = decide(state, event, effects.clock());
      state = next.state;
      rest.push(...next.actions);
    }
    return { state, actions: rest };
  }

  /** What has to last goes to the disk, as does all at the end. False as `#persist` says. */
  #write(next: State, ends: boolean, effects: Effects): boolean {
    const lasting = ends ? next !== this.#persisted : lasts(this.#persisted, next);
    if (lasting) return this.#persist(next, effects);
    if (next !== this.#remembered) effects.remember(next);
    this.#remembered = next;
    return true;
  }

  /**
   * False: the state was not taken, because it commits an upgrade that would be forgotten. Any other change goes
   * on without the file: serving comes first, and the copy in the fd store knows it.
   */
  #persist(next: State, effects: Effects): boolean {
    const written = effects.persist(next);
    this.#persisted = next;
    this.#remembered = next;
    if (written.ok) {
      if (next.unwritable !== null) this.#queue.unshift({ type: "persist-restored" });
      return true;
    }
    if (next.unwritable === null || isUncommitted(next)) {
      this.#queue.unshift({ type: "persist-failed", failure: written.failure });
    }
    return !commits(this.#state, next) || isStart(this.#state.upgrade?.kind ?? "upgrade");
  }

  #perform(actions: readonly Action[], effects: Effects): void {
    this.#queue.unshift(...this.#answersTo(actions, this.#state, effects));
  }

  /** Does them one after the other; what is known of them at once. */
  #answersTo(actions: readonly Action[], state: State, effects: Effects): readonly Event[] {
    const facts: Event[] = [];
    for (const action of actions) {
      const answer = this.#act(action, state, effects);
      if (answer instanceof Promise) this.#follow(action, answer, effects);
      else facts.push(...answer);
      if (action.type !== "exit") continue;
      this.#exited = true;
      return [];
    }
    return facts;
  }

  #act(action: Action, state: State, effects: Effects): Answer {
    try {
      return effects.perform(action, state);
    } catch (error) {
      return this.#fail(action, error, effects);
    }
  }

  #follow(action: Action, answer: Promise<readonly Event[]>, effects: Effects): void {
    answer.then(
      (events) => this.push(...events),
      (error) => this.push(...this.#fail(action, error, effects)),
    );
  }

  #fail(action: Action, error: unknown, effects: Effects): readonly Event[] {
    const what = `do ${action.type}`;
    const events = failedAction(action, describe(what, error));
    if (events === undefined) this.fault(what, error);
    else if (!this.#exited) effects.report(what, error);
    return events ?? [];
  }
}

function describe(what: string, error: unknown): string {
  return `the daemon could not ${what}: ${messageOf(error)}`;
}
