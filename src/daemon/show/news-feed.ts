import type { Log } from "../../log/log.js";
import type { News } from "../../model/event.js";

/** What happens goes to the log and to everybody who follows `holdfast events`. */
export class NewsFeed {
  readonly #log: Log;
  readonly #followers = new Set<(news: News) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  announce(news: News): void {
    this.#log.write({ ...news });
    for (const tell of this.#followers) tell(news);
  }

  /** Returns the way to end it. */
  subscribe(follower: (news: News) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
