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
  /**
   * Turns a value of another version, older or newer, into one of this; throws if it cannot. Sets nothing: it is also asked what it
   * could read, should the newer version be left again.
   */
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
  /** Turns a value of that version into one of this app's; throws when the app cannot. Nothing is set. */
  read(value: unknown, fromVersion: number): unknown;
}

export function eraseType<T>(definition: StateDefinition<T>): AnyState {
  const { name, version, initial, save, restore, migrate } = definition;
  function read(value: unknown, fromVersion: number): T {
    // Saved by this app under the same name and version: its shape is the app's own promise.
    if (fromVersion === version) return value as T;
    if (migrate !== undefined) return migrate(value, fromVersion);
    throw new TypeError(
      `version ${fromVersion} cannot be read: this is version ${version}, and there is no migrate()`,
    );
  }
  return {
    name,
    version,
    initial,
    save,
    read,
    take: (value, fromVersion) => restore(read(value, fromVersion)),
  };
}
