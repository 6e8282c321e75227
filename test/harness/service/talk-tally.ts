import type { TalkReport } from "./talk-report.js";

const WRONG_TOLD = 20;

/** Counts what the talkers say and hear. */
export class TalkTally {
  #opened = 0;
  #closed = 0;
  #said = 0;
  #answered = 0;
  #heard = 0;
  readonly #versions: Record<string, number> = {};
  readonly #wrong: string[] = [];

  open(): void {
    this.#opened++;
  }

  close(): void {
    this.#closed++;
  }

  say(): void {
    this.#said++;
  }

  hear(): void {
    this.#heard++;
  }

  answer(version: string): void {
    this.#answered++;
    this.#versions[version] = (this.#versions[version] ?? 0) + 1;
  }

  complain(what: string): void {
    if (this.#wrong.length < WRONG_TOLD) this.#wrong.push(what);
  }

  report(): TalkReport {
    return {
      opened: this.#opened,
      closed: this.#closed,
      said: this.#said,
      answered: this.#answered,
      heard: this.#heard,
      versions: { ...this.#versions },
      wrong: [...this.#wrong],
    };
  }
}

/** A connection of the client's: one end of a talk with an app of test/apps. */
export interface Talker {
  /** Returns when the connection is open. */
  open(): Promise<void>;
  /** Says the next thing and returns when it has been answered, or when the connection has ended. */
  say(): Promise<void>;
  /** The number of the last message heard; 0 where there are no numbers. */
  readonly last: number;
  /** Those with the same name hear the same numbers. */
  readonly room: string;
  readonly isOpen: boolean;
  close(): void;
}
