import type { FeedMessage } from "../../web/feed.js";

export interface FeedListener {
  onMessage(message: FeedMessage): void;
  /** The connection is lost; told once, until the next message. */
  onLost(): void;
  /** Whether something is to be heard each second: an instance runs. */
  isExpecting(): boolean;
}

/** A connection whose other end has gone without a word is silent for so long. */
const patienceMs = 20_000;
const firstWaitMs = 1_000;
const longestWaitMs = 15_000;

/**
 * Follows the feed for as long as the page is there. A lost connection is opened again by the browser, which says what it heard last, or
 * here, where the browser gives up: after an answer that is an error, and when nothing comes any more. Then all is told anew.
 */
export function followFeed(listener: FeedListener): void {
  let waitMs = firstWaitMs;
  let lost = false;

  const open = (): void => {
    const source = new EventSource("/feed");
    let patience: ReturnType<typeof setTimeout> | undefined;
    const lose = (): void => {
      if (!lost) listener.onLost();
      lost = true;
    };
    const reopen = (): void => {
      clearTimeout(patience);
      source.close();
      setTimeout(open, waitMs);
      waitMs = Math.min(2 * waitMs, longestWaitMs);
    };
    source.addEventListener("message", ({ data }) => {
      lost = false;
      waitMs = firstWaitMs;
      const message: FeedMessage = JSON.parse(data);
      listener.onMessage(message);
      clearTimeout(patience);
      if (!listener.isExpecting()) return;
      patience = setTimeout(() => {
        lose();
        reopen();
      }, patienceMs);
    });
    source.addEventListener("error", () => {
      lose();
      if (source.readyState === EventSource.CLOSED) reopen();
    });
  };
  open();
}
