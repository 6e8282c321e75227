import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import type { State } from "../model/state.js";
import { encodeReadable, type RecordFailure } from "./encode.js";
import type { StateRecord } from "./record.js";
import { readStateFile, type StateFileFailure, setAside, writeStateFile } from "./state-file.js";
import { readStateMemory, writeStateMemory } from "./state-memory.js";

export interface StateStoreOptions {
  readonly name: string;
  readonly directory: string;
  readonly bootId: string;
  /** The memfd of `writeStateMemory`. */
  readonly memfd: number;
}

/** What was found of the last daemon's state. `problems` are for the log: files that could not be used and why. */
export interface Remembered {
  readonly state: State | undefined;
  /** Written before the last reboot: processes and deadlines in it mean nothing. */
  readonly rebooted: boolean;
  readonly problems: readonly string[];
}

/** The facts on disk and, beside them, in memory that outlives the daemon. */
export class StateStore {
  readonly #options: StateStoreOptions;
  #revision = 0;

  constructor(options: StateStoreOptions) {
    this.#options = options;
  }

  /**
   * Takes the copy in the memfd that a daemon has just given: what is on disk may be of an earlier life in this directory. Fails when
   * this version cannot read it; then that daemon has to go on.
   */
  take(given: number): Result<Remembered, RecordFailure> {
    const record = readStateMemory(given);
    if (!record.ok) {
      const { reason, message } = record.failure;
      return fail(reason, `cannot read the state of the daemon that is to be replaced: ${message}`);
    }
    this.#revision = record.value.revision;
    return succeed({ state: record.value.state, rebooted: false, problems: [] });
  }

  /** Takes the newer of the two copies. A file that cannot be used is set aside under another name. */
  load(): Remembered {
    const { directory, memfd, name, bootId } = this.#options;
    const problems: string[] = [];
    const file = readStateFile(directory);
    if (!file.ok) problems.push(describeUnusable(directory, file.failure));
    const memory = readStateMemory(memfd);
    const copies = [file.ok ? file.value : undefined, memory.ok ? memory.value : undefined];
    const records = copies.filter((record): record is StateRecord => {
      if (record === undefined || record.name === name) return record !== undefined;
      problems.push(`a state of another service, ${record.name}, is ignored`);
      return false;
    });
    const newest = records.sort((a, b) => b.revision - a.revision).at(0);
    this.#revision = newest?.revision ?? 0;
    return { state: newest?.state, rebooted: newest !== undefined && newest.bootId !== bootId, problems };
  }

  /** Both copies are written; the result is that of the file. What could not be read again is not written at all. */
  write(state: State): Result<void, Failure<"state-unwritable">> {
    const text = this.#writeMemory(state);
    return text.ok ? writeStateFile(this.#options.directory, text.value) : text;
  }

  /** For what need not outlive a loss of power: only the copy in memory is written. */
  remember(state: State): void {
    this.#writeMemory(state);
  }

  #writeMemory(state: State): Result<string, Failure<"state-unwritable">> {
    const { name, bootId, memfd } = this.#options;
    const text = encodeReadable({ name, bootId, revision: this.#revision + 1, state });
    if (!text.ok) return text;
    this.#revision += 1;
    writeStateMemory(memfd, this.#revision, text.value);
    return text;
  }
}

function describeUnusable(directory: string, failure: StateFileFailure): string {
  const aside = setAside(directory, failure.reason);
  const kept = aside === undefined ? "it stays where it is" : `it is kept as ${aside}`;
  return `${failure.message}; ${kept}, and recovery goes on from what the fd store holds`;
}
