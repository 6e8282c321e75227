import type { FeedMessage } from "../../web/feed.js";

export interface FeedListener {
  onMessage(message: FeedMessage): void;
  /** The connection is lost; told once, until the next message. */
  onLost(): void;
}

/** The server says something at least each 10 s. */
const patienceMs = 25_000;
const firstWaitMs = 1_000;
const longestWaitMs = 15_000;

/**
 * Follows the feed for as long as the page is there. A lost connection is opened again by the browser, or here, where the browser gives
 * up: after an answer that is an error, and when nothing comes any more.
 */
export function followFeed(listener: FeedListener): void {
  let lastId = "";
  let waitMs = firstWaitMs;
  let lost = false;
  let patience: ReturnType<typeof setTimeout>;

  const open = (): void => {
    const query = lastId === "" ? "" : `?last-event-id=${encodeURIComponent(lastId)}`;
    const source = new EventSource(`/feed${query}`);
    const reopen = (): void => {
      clearTimeout(patience);
      source.close();
      setTimeout(open, waitMs);
      waitMs = Math.min(2 * waitMs, longestWaitMs);
    };
    const lose = (): void => {
      if (!lost) listener.onLost();
      lost = true;
    };
    const hear = (): void => {
      lost = false;
      waitMs = firstWaitMs;
      clearTimeout(patience);
      patience = setTimeout(() => {
        lose();
        reopen();
      }, patienceMs);
    };
    source.addEventListener("beat", hear);
    source.addEventListener("message", ({ data, lastEventId }) => {
      hear();
      lastId = lastEventId;
      const message: FeedMessage = JSON.parse(data);
      listener.onMessage(message);
    });
    source.addEventListener("error", () => {
      lose();
      if (source.readyState === EventSource.CLOSED) reopen();
    });
  };
  open();
}
