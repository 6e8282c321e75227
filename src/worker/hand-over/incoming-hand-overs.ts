import type { HandOverReceiver } from "./receiver.js";

/**
 * The hand-overs to this worker that are under way. One that drains itself must not end before they have: what it has
 * acknowledged the sender has let go of.
 */
export class IncomingHandOvers {
  readonly #receivers = new Set<HandOverReceiver>();
  #ending = false;
  #onChange: () => void = () => {};

  get open(): number {
    return this.#receivers.size;
  }

  add(receiver: HandOverReceiver): void {
    this.#receivers.add(receiver);
    if (this.#ending) receiver.retire();
  }

  remove(receiver: HandOverReceiver): void {
    if (this.#receivers.delete(receiver)) this.#onChange();
  }

  /** Nothing more is taken; what was acknowledged still comes. */
  end(): void {
    this.#ending = true;
    for (const receiver of [...this.#receivers]) receiver.retire();
  }

  onChange(callback: () => void): void {
    this.#onChange = callback;
  }
}
