/** When a worker that stands by may accept: once it was told to, and every worker before it has let go of its state. */
export class Activation {
  /** Resolves then. */
  readonly happened: Promise<void>;
  #happen: () => void = () => {};
  /** Undefined before the order. */
  #awaited: Set<string> | undefined;
  readonly #letGo = new Set<string>();

  constructor() {
    this.happened = new Promise((resolve) => {
      this.#happen = resolve;
    });
  }

  /** A later order replaces an earlier one: the next daemon knows who is still there. */
  order(after: readonly string[]): void {
    this.#awaited = new Set(after.filter((name) => !this.#letGo.has(name)));
    this.#happenWhenAlone();
  }

  /** A worker before this one has handed over its state, or is gone. */
  noteLetGo(name: string): void {
    this.#letGo.add(name);
    this.#awaited?.delete(name);
    this.#happenWhenAlone();
  }

  #happenWhenAlone(): void {
    if (this.#awaited?.size === 0) this.#happen();
  }
}
