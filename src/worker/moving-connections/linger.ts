/**
 * How long connections may stay that have no request and cannot move (TLS, HTTP/2), when nobody accepts meanwhile: each
 * makes all new clients wait. Those that ask in this time are answered, and told to close.
 */
const lingerMs = 2_000;

/** The time that such connections have. */
export class Linger {
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** It runs from the first call on. */
  begin(): void {
    this.#timer ??= setTimeout(() => {
      this.#over = true;
      this.#onOver();
    }, lingerMs);
  }

  get over(): boolean {
    return this.#over;
  }

  /** It does not call back any more. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
