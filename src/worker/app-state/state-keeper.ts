import type { StateEntry } from "../../channel/worker-messages.js";
import { type Failure, HoldfastError, messageOf, type Result } from "../../lib/failure.js";
import {
  packValues,
  type SavedValues,
  saveValues,
  takeValues,
  unpackValues,
  visitValues,
} from "./saved-values.js";
import { type AnyState, eraseType, type StateDefinition } from "./state-definition.js";
import { readValues, writeValues } from "./values-on-disk.js";

/** So that what is said of all of them fits into one packet. */
const statesLimit = 64;
const nameLimit = 64;

function obstacleTo({ name, version }: AnyState, count: number): string | undefined {
  if (name.length === 0 || name.length > nameLimit) return `a name has 1 to ${nameLimit} characters`;
  if (!Number.isSafeInteger(version) || version < 0) return `version ${version} is no whole number from 0 up`;
  return count < statesLimit ? undefined : `an app has at most ${statesLimit} of them`;
}

const saveIntervalMs = 10_000;

export interface StateKeeperOptions {
  /** Null: nothing is written. */
  readonly directory: string | null;
  readonly file: string;
  readonly report: (problem: string) => void;
}

/** The app's values: found on disk, taken from the worker before, given to the one after. */
export class StateKeeper {
  readonly #states = new Map<string, AnyState>();
  readonly #options: StateKeeperOptions;
  #onDisk: SavedValues | undefined;
  #timer: NodeJS.Timeout | undefined;
  #counts = false;
  #sealed = false;
  #written = "";

  constructor(options: StateKeeperOptions) {
    this.#options = options;
    if (options.directory === null) return;
    const found = readValues(options.directory, options.file);
    if (found.ok) this.#onDisk = found.value;
    else options.report(found.failure.message);
  }

  /** Sets the app's value from disk, or to its initial one. Throws for a name taken, when it is too late, and what the app's `restore` throws. */
  register<T>(definition: StateDefinition<T>): void {
    const state = eraseType(definition);
    const { name } = state;
    if (this.#states.has(name))
      throw new HoldfastError("state-twice", `cannot define the state ${name}: it is defined already`);
    if (this.#sealed)
      throw new HoldfastError(
        "state-late",
        `cannot define the state ${name}: call state() before serve(), for from then on the worker before may hand its values over`,
      );
    const obstacle = obstacleTo(state, this.#states.size);
    if (obstacle !== undefined)
      throw new HoldfastError("state-bad", `cannot define the state ${name}: ${obstacle}`);
    this.#states.set(name, state);
    if (this.#onDisk?.entries.some((entry) => entry.name === name) !== true) {
      state.initial();
      return;
    }
    const taken = takeValues(new Map([[name, state]]), this.#onDisk);
    if (!taken.ok) throw new HoldfastError(taken.failure.reason, taken.failure.message);
  }

  /** From now on the values of the worker before may come: the app has to have said which it takes. */
  seal(): void {
    this.#sealed = true;
  }

  /** From now on this process is the one whose values count: they are written at intervals. */
  begin(): void {
    this.#counts = true;
    if (this.#states.size === 0 || this.#options.directory === null) return;
    this.#timer ??= setInterval(() => this.write(), saveIntervalMs).unref();
  }

  /** Another process has the values from now on. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Writes the values if they have changed; never those of a candidate that did not come to be active. */
  write(): void {
    const { directory, file, report } = this.#options;
    if (directory === null || !this.#counts || this.#states.size === 0) return;
    const saved = this.save();
    if (!saved.ok) {
      report(saved.failure.message);
      return;
    }
    const fingerprint = saved.value.entries.map(({ name, sha256 }) => `${name} ${sha256}`).join();
    if (fingerprint === this.#written) return;
    const written = writeValues(directory, file, saved.value);
    if (written.ok) this.#written = fingerprint;
    else report(written.failure.message);
  }

  /** The values with a memfd of their bytes, the caller's to close; or why the app did not give them. */
  give(): {
    readonly entries: readonly StateEntry[];
    readonly fd: number | undefined;
    readonly failure: string | null;
  } {
    const saved = this.save();
    if (!saved.ok) return { entries: [], fd: undefined, failure: saved.failure.message };
    const { entries, bytes } = saved.value;
    try {
      return { entries, fd: entries.length === 0 ? undefined : packValues(bytes), failure: null };
    } catch (error) {
      return { entries: [], fd: undefined, failure: `cannot give the state: ${messageOf(error)}` };
    }
  }

  /** Sets the app's values, from a memfd of their bytes; returns why it could not. */
  take(entries: readonly StateEntry[], fd: number | undefined): string | null {
    return visitArrived(entries, fd, (values) => this.restore(values));
  }

  /** Whether the app could read these values, of another version maybe; none is set. Returns why it could not. */
  check(entries: readonly StateEntry[], fd: number | undefined): string | null {
    return visitArrived(entries, fd, (values) => {
      const checked = visitValues(this.#states, values, (state, value, version) =>
        state.read(value, version),
      );
      return checked.ok ? null : checked.failure.message;
    });
  }

  /** The values as they are now; fails, naming the state, where the app gives what cannot be saved. */
  save(): Result<SavedValues, Failure<"state-unsaved" | "state-too-large">> {
    return saveValues(this.#states.values());
  }

  /** Sets the app's values; returns why it could not. */
  restore(values: SavedValues): string | null {
    const taken = takeValues(this.#states, values);
    return taken.ok ? null : taken.failure.message;
  }
}

/** Why the values that came in a memfd cannot be used, if so; there may be none. */
function visitArrived(
  entries: readonly StateEntry[],
  fd: number | undefined,
  visit: (values: SavedValues) => string | null,
): string | null {
  if (entries.length === 0) return null;
  const values = fd === undefined ? undefined : unpackValues(entries, fd);
  return values === undefined ? "the state did not arrive whole" : visit(values);
}
