import type { ControlClient } from "../../control/client.js";
import type { ControlFailure, StatusReport } from "../../control/replies.js";
import type { Happened } from "../format-event.js";
import { pause } from "../patience.js";
import { Rates } from "./rates.js";

const lookMs = 1_000;
/** After news: what follows from it at once is seen by the same look. */
const afterNewsMs = 100;
const reconnectMs = 500;
const mostNews = 100;

/** An instance that is looked at each second and whenever it has news, over the deaths of its daemons. */
export class Watched {
  readonly name: string;
  readonly rates = new Rates();
  /** What it said last. */
  report: StatusReport | null = null;
  /** Why it says nothing now. */
  failure: ControlFailure | null = null;
  /** On the clock of `performance.now`: since when. */
  lostAt: number | null = null;
  /** Newest last. */
  heard: readonly Happened[] = [];
  readonly #client: ControlClient;
  readonly #onChange: () => void;
  readonly #signal: AbortSignal;
  /** There is something new to look at. */
  #wanted = false;
  #pause = new AbortController();

  constructor(name: string, client: ControlClient, onChange: () => void, signal: AbortSignal) {
    this.name = name;
    this.#client = client;
    this.#onChange = onChange;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#pause.abort());
  }

  /** Returns when the signal says so. */
  async follow(): Promise<void> {
    await Promise.all([this.#look(), this.#hear()]);
  }

  async #look(): Promise<void> {
    while (!this.#signal.aborted) {
      const status = await this.#client.status(this.#signal);
      if (status.ok) {
        this.report = status.value;
        this.failure = null;
        this.lostAt = null;
        this.rates.look(status.value, performance.now());
      } else {
        this.failure = status.failure;
        this.lostAt ??= performance.now();
      }
      this.#onChange();
      await this.#untilNextLook();
    }
  }

  async #untilNextLook(): Promise<void> {
    this.#pause = new AbortController();
    if (!this.#wanted && !this.#signal.aborted) await pause(lookMs, this.#pause.signal);
    if (this.#wanted) await pause(afterNewsMs, this.#signal);
    this.#wanted = false;
  }

  #hurry(): void {
    this.#wanted = true;
    this.#pause.abort();
  }

  async #hear(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#client.events((news) => {
        this.heard = [...this.heard.slice(1 - mostNews), { at: Date.now(), news }];
        this.#onChange();
        this.#hurry();
      }, this.#signal);
      // It went away, and is looked for at once.
      this.#hurry();
      await pause(reconnectMs, this.#signal);
    }
  }
}
