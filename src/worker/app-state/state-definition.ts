/** One value of the app that outlives its process: the next generation gets it, and a crash finds it on disk. */
export interface StateDefinition<T> {
  /** Unique in the app. */
  readonly name: string;
  /** Of the value's shape; counted up by the app when it changes. */
  readonly version: number;
  /** Sets the app's value when nothing was saved before. */
  readonly initial: () => void;
  /** The value as it is now: what JSON can carry. */
  readonly save: () => T;
  /**
   * Sets the app's value, or throws: then a candidate is refused and the old generation serves on. May be called more
   * than once, first to try; the last call counts.
   */
  readonly restore: (value: T) => void;
  /** Turns a value of another version, older or newer, into one of this; throws if it cannot. */
  readonly migrate?: (value: unknown, fromVersion: number) => T;
}

/** A definition whose type nobody asks for any more. */
export interface AnyState {
  readonly name: string;
  readonly version: number;
  initial(): void;
  save(): unknown;
  /** Takes a value of that version; throws when the app refuses it. */
  take(value: unknown, fromVersion: number): void;
}

export function eraseType<T>(definition: StateDefinition<T>): AnyState {
  const { name, version, initial, save, restore, migrate } = definition;
  return {
    name,
    version,
    initial,
    save,
    take(value, fromVersion) {
      // Saved by this app under the same name and version: its shape is the app's own promise.
      if (fromVersion === version) restore(value as T);
      else if (migrate !== undefined) restore(migrate(value, fromVersion));
      else
        throw new TypeError(
          `version ${fromVersion} cannot be read: this is version ${version}, and there is no migrate()`,
        );
    },
  };
}
