const retryMs = 10;

/** Tells one listener that it may be worth to look again, at most once a turn of the loop. */
export class Change {
  #callback: () => void = () => {};
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  listen(callback: () => void): void {
    this.#callback = callback;
  }

  /** Something has happened: in the next turn of the loop. */
  tell(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#callback();
    });
  }

  /** Something is under way whose end nobody announces: in a few milliseconds. Keeps no process alive. */
  tellLater(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#callback();
    }, retryMs).unref();
  }
}
