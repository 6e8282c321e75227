import type { StateDefinition } from "./app-state/state-definition.js";
import { getRuntime } from "./lifetime/runtime.js";

/**
 * A value of the app that the next generation gets, and that survives a crash and a reboot: it is saved to disk every
 * ten seconds when it has changed, and on exit. Define it before `serve`: after that it throws `state-late`. Sets the
 * app's value at once, from disk or by `initial`. With one writer at a time (`strategy = "exclusive"`) nothing is lost
 * at an upgrade. Throws when what is on disk is refused by the app's `restore`, so that a version which cannot read it
 * never becomes ready.
 */
export function state<T>(definition: StateDefinition<T>): void {
  getRuntime().state.register(definition);
}
