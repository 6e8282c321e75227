import { type ControlClient, createControlClient } from "../control/client.js";
import type { ControlAddress } from "../control/exchange.js";
import type { StatusReport } from "../control/replies.js";
import type { News } from "../model/event.js";
import type { InstanceView, Sample } from "./feed.js";
import { LastHour } from "./last-hour.js";
import { type Look, takeSample } from "./sample.js";

const askTimeoutMs = 3_000;
/** So long the history is not asked for again. */
const historyMs = 1_000;

interface InstanceListener {
  onSample(sample: Sample): void;
  onNews(news: News): void;
}

/** One instance, asked by one client for everybody. */
export class WatchedInstance {
  readonly name: string;
  readonly client: ControlClient;
  readonly #listener: InstanceListener;
  readonly #lastHour = new LastHour();
  #status: StatusReport | null = null;
  #failure: string | null = "it has not answered yet";
  #stopped = false;
  #known = false;
  #before: Look | null = null;
  #looking: Promise<void> | undefined;
  #following: AbortController | undefined;
  #history: { readonly at: number; readonly reply: ReturnType<ControlClient["history"]> } | undefined;

  constructor(name: string, address: ControlAddress, listener: InstanceListener) {
    this.name = name;
    this.client = createControlClient({ ...address, timeoutMs: askTimeoutMs });
    this.#listener = listener;
  }

  /** It has answered, or has failed to. */
  get known(): boolean {
    return this.#known;
  }

  get view(): InstanceView {
    return {
      name: this.name,
      unit: this.#status?.unit ?? null,
      status: this.#status,
      failure: this.#failure,
      stopped: this.#stopped,
    };
  }

  get samples(): readonly Sample[] {
    return this.#lastHour.all();
  }

  /** Asks; one that has not answered yet is not asked again. */
  look(): Promise<void> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The same for all who ask within a second. */
  history(): ReturnType<ControlClient["history"]> {
    const at = performance.now();
    if (this.#history === undefined || at - this.#history.at > historyMs) {
      this.#history = { at, reply: this.client.history() };
    }
    return this.#history.reply;
  }

  /** Hears the news from now on, if it does not already. */
  follow(): void {
    if (this.#following !== undefined) return;
    const following = new AbortController();
    this.#following = following;
    const over = (): void => {
      if (this.#following === following) this.#following = undefined;
    };
    // Who asks for the status learns why it ended.
    this.client.events(this.#listener.onNews, following.signal).then(over, over);
  }

  /** Hears and counts nothing until it is asked again. */
  rest(): void {
    this.#following?.abort();
    this.#following = undefined;
    this.#before = null;
  }

  async #ask(): Promise<void> {
    const reply = await this.client.status();
    this.#known = true;
    this.#status = reply.ok ? reply.value : null;
    this.#failure = reply.ok ? null : reply.failure.message;
    this.#stopped = !reply.ok && reply.failure.reason === "not-running";
    if (!reply.ok) {
      this.#before = null;
      return;
    }
    const look = { at: Date.now(), status: reply.value };
    const sample = takeSample(this.#before, look);
    this.#before = look;
    this.#lastHour.add(sample);
    this.#listener.onSample(sample);
  }
}
