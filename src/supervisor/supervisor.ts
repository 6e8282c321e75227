import { commits } from "../model/commit.js";
import { nextDeadline } from "../model/deadlines.js";
import { decide } from "../model/decide.js";
import type { Action, Event } from "../model/event.js";
import { lasts } from "../model/lasts.js";
import { initialState, type State } from "../model/state.js";
import { isStart, isUncommitted } from "../model/upgrade.js";
import type { Effects } from "./effects.js";

/**
 * The single loop: event → decide → persist → act. Everything that happens comes in by `push`; nothing else changes
 * the state, and no action is done that the state file does not know as intended.
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
    this.#queue.unshift(first);
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
    try {
      this.#drainQueue(effects);
    } finally {
      this.#running = false;
    }
    if (this.#exited) return;
    effects.publish(this.#state);
    effects.wakeAt(nextDeadline(this.#state), () => this.push({ type: "tick" }));
  }

  /** Writes a state that could not be written before; true when nothing is unwritten. */
  retryPersist(): boolean {
    if (this.#state.unwritable === null) return true;
    if (this.#effects?.persist({ ...this.#state, unwritable: null }).ok)
      this.push({ type: "persist-restored" });
    return this.#state.unwritable === null;
  }

  #drainQueue(effects: Effects): void {
    for (let event = this.#queue.shift(); event !== undefined && !this.#exited; event = this.#queue.shift()) {
      const { state, actions } = decide(this.#state, event, effects.clock());
      const ends = actions.some(({ type }) => type === "exit");
      const acts = actions.length > 0 || this.#queue.length === 0;
      if (acts && !this.#write(state, ends, effects)) continue;
      this.#state = state;
      this.#perform(actions, effects);
    }
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
    const facts: Event[] = [];
    for (const action of actions) {
      facts.push(...effects.perform(action, this.#state));
      if (action.type === "exit") {
        this.#exited = true;
        return;
      }
    }
    this.#queue.unshift(...facts);
  }
}
