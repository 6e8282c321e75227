import type { Failure, Result } from "../lib/failure.js";
import type { Clock } from "../model/clock.js";
import type { Action, Event } from "../model/event.js";
import type { State } from "../model/state.js";

/** All that the loop can do to the world. */
export interface Effects {
  clock(): Clock;
  /** Makes the state durable before anything that it explains is done. */
  persist(state: State): Result<void, Failure<"state-unwritable">>;
  /** Keeps a state that differs in nothing which has to outlive a loss of power; no disk is waited for. */
  remember(state: State): void;
  /** Does one action; what is known at once comes back as events, the rest arrives later through `push`. */
  perform(action: Action, state: State): readonly Event[];
  /** Shows the state to the service manager; called whenever it may have changed. */
  publish(state: State): void;
  /** Calls `wake` once at that monotonic time, and forgets the time set before; undefined: never. */
  wakeAt(deadline: number | undefined, wake: () => void): void;
}
