import type { Failure, Result } from "../lib/failure.js";
import type { Clock } from "../model/clock.js";
import type { Action, Event } from "../model/event.js";
import type { State } from "../model/state.js";

/** What comes of an action: known at once, or later. */
export type Answer = readonly Event[] | Promise<readonly Event[]>;

/** All that the loop can do to the world. */
export interface Effects {
  clock(): Clock;
  /** Makes the state durable before anything that it explains is done. */
  persist(state: State): Result<void, Failure<"state-unwritable">>;
  /** Keeps a state that differs in nothing which has to outlive a loss of power; no disk is waited for. */
  remember(state: State): void;
  /** Does one action. One that throws or rejects has failed: the loop hears what follows from that (`model/fault.ts`). */
  perform(action: Action, state: State): Answer;
  /** Shows the state to the service manager; called whenever it may have changed. Does not throw. */
  publish(state: State): void;
  /** Calls `wake` once at that monotonic time, and forgets the time set before; undefined: never. */
  wakeAt(deadline: number | undefined, wake: () => void): void;
  /** Tells people what could not be done, because of what was thrown. */
  report(what: string, error: unknown): void;
  /** Ends the loop after this turn, for another one that begins with a recovery. */
  beginAnew(): void;
}
