import type { ServerResponse } from "node:http";
import type { FeedMessage, InstanceView, Sample } from "./feed.js";
import { encodeMessage, Ring } from "./ring.js";
import type { WatchListener } from "./watch.js";

/** So many may look on at a time. */
const feedLimit = 200;
/** What may wait in memory for one of them, besides what each is sent at first. */
const unsentLimitBytes = 1024 * 1024;
/** One that has read nothing for so long is cut off. */
const stalledMs = 20_000;
/** A comment now and then keeps proxies from closing what is silent. */
const aliveMs = 15_000;
/** An EventSource waits so long before it connects again. */
const retryMs = 1_000;
const recentNews = 300;

export interface FeedsOptions {
  readonly boot: string;
  readonly samplesOf: (instance: string) => readonly Sample[];
  /** The first one has come, or the last one has gone. */
  readonly onWatched: (watched: boolean) => void;
}

type Hello = Omit<Extract<FeedMessage, { type: "hello" }>, "type" | "resumed" | "at">;

interface Feed {
  readonly response: ServerResponse;
  /** What it was sent at first. */
  readonly firstBytes: number;
  /** Since when it has not read all; undefined: it has. */
  unreadSince: number | undefined;
}

/** All that look on. What is written for several is in memory once. */
export class Feeds implements WatchListener {
  readonly #options: FeedsOptions;
  readonly #ring: Ring;
  readonly #feeds = new Set<Feed>();
  readonly #news: FeedMessage[] = [];
  #instances: Buffer | undefined;
  #shown = "";
  #keeper: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#ring = new Ring(options.boot);
  }

  get full(): boolean {
    return this.#feeds.size >= feedLimit;
  }

  /** Begins a stream: with what was missed since `lastId` where that is known, else with all. `names`: of the instances there are. */
  open(response: ServerResponse, hello: Hello, lastId: string | undefined, names: readonly string[]): void {
    const missed = lastId === undefined ? undefined : this.#ring.after(lastId);
    const greeting: FeedMessage = { type: "hello", resumed: missed !== undefined, ...hello, at: Date.now() };
    const parts = [
      Buffer.from(`retry: ${retryMs}\n\n`),
      encodeMessage(greeting),
      ...(missed ?? this.#everything(names)),
      ...(this.#instances === undefined ? [] : [this.#instances]),
      // Who has read as far as here has missed nothing until now.
      Buffer.from(`id: ${this.#ring.newest}\n\n`),
    ];
    response.writeHead(200, { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
    for (const part of parts) response.write(part);
    if (this.#ended) {
      response.end();
      return;
    }
    const firstBytes = parts.reduce((sum, { length }) => sum + length, 0);
    const feed: Feed = { response, firstBytes, unreadSince: undefined };
    this.#feeds.add(feed);
    response.once("close", () => this.#remove(feed));
    if (this.#feeds.size > 1) return;
    this.#keeper = setInterval(() => this.#send(Buffer.from(":\n\n")), aliveMs);
    this.#options.onWatched(true);
  }

  onInstances(instances: readonly InstanceView[]): void {
    const shown = JSON.stringify(instances);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#instances = this.#ring.add({ type: "instances", instances, at: Date.now() });
    this.#send(this.#instances);
  }

  onSample(instance: string, sample: Sample): void {
    this.#send(this.#ring.add({ type: "samples", instance, samples: [sample] }));
  }

  onNews(instance: string, news: Extract<FeedMessage, { type: "news" }>["news"]): void {
    const message: FeedMessage = { type: "news", instance, at: Date.now(), news };
    this.#news.push(message);
    if (this.#news.length > recentNews) this.#news.shift();
    this.#send(this.#ring.add(message));
  }

  /**
   * Ends each stream, so that an EventSource connects again, to whoever listens then; also those that begin from now on. Resolves when
   * their ends have been sent: a server that is closed before cuts them off.
   */
  async end(): Promise<void> {
    this.#ended = true;
    const responses = [...this.#feeds].map(({ response }) => response);
    const gone = responses.map((response) => new Promise<void>((resolve) => response.once("close", resolve)));
    for (const response of responses) response.end();
    await Promise.all(gone);
  }

  #everything(names: readonly string[]): readonly Buffer[] {
    const samples = names.map((instance): FeedMessage => {
      return { type: "samples", instance, samples: this.#options.samplesOf(instance) };
    });
    return [...samples, ...this.#news].map((message) => encodeMessage(message));
  }

  #remove(feed: Feed): void {
    this.#feeds.delete(feed);
    if (this.#feeds.size > 0) return;
    clearInterval(this.#keeper);
    this.#options.onWatched(false);
  }

  #send(bytes: Buffer): void {
    const now = performance.now();
    for (const feed of this.#feeds) {
      const { response, firstBytes } = feed;
      const unread = response.writableLength;
      feed.unreadSince = unread === 0 ? undefined : (feed.unreadSince ?? now);
      const stalled = feed.unreadSince !== undefined && now - feed.unreadSince > stalledMs;
      if (stalled || unread > firstBytes + unsentLimitBytes) response.destroy();
      else if (!response.writableEnded) response.write(bytes);
    }
  }
}
