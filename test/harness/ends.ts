/** As of node:test's contexts: what is to be undone in the end. */
export interface Ends {
  after(undo: () => unknown): void;
}

/** The same without a test. The last thing is undone first. */
export class Afterwards implements Ends, AsyncDisposable {
  readonly #undos: (() => unknown)[] = [];

  after(undo: () => unknown): void {
    this.#undos.push(undo);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#undos.splice(0).reverse()) await undo();
  }
}
