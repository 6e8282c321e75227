const retryMs = 10;

/** Lets one listener look again at what may have changed, at most once a turn of the loop and on a clean stack. */
export class LookAgain {
  #look: () => void = () => {};
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  listen(look: () => void): void {
    this.#look = look;
  }

  /** Something has happened: in the next turn of the loop. */
  soon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#look();
    });
  }

  /** Something is under way whose end nobody announces: in a few milliseconds. Keeps no process alive. */
  later(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#look();
    }, retryMs).unref();
  }
}
