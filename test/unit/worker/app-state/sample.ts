import { eraseType, type StateDefinition } from "../../../../src/worker/app-state/state-definition.js";

/** A counter as an app would keep it, with what was asked of it. */
export class Counter {
  value = -1;
  initials = 0;
  readonly migrations: number[] = [];

  define(changes: Partial<StateDefinition<number>> = {}): StateDefinition<number> {
    return {
      name: "count",
      version: 1,
      initial: () => {
        this.value = 0;
        this.initials += 1;
      },
      save: () => this.value,
      restore: (value) => {
        if (typeof value !== "number") throw new TypeError("no number");
        this.value = value;
      },
      ...changes,
    };
  }

  state(changes: Partial<StateDefinition<number>> = {}) {
    return eraseType(this.define(changes));
  }
}
