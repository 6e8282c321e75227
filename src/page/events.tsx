import type { NewsItem } from "./seen.js";
import { Clock } from "./words.js";

/** What happens, as it comes, newest first; a screen reader tells what is new. */
export function Events({ news }: { readonly news: readonly NewsItem[] }) {
  return (
    <>
      {news.length === 0 && <p class="empty">Nothing has happened since somebody looked.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <div class="events" role="log" aria-live="polite" aria-label="What happens" tabIndex={0}>
        <ol>
          {news.map(({ at, news: { event, level, message } }) => (
            <li key={`${at} ${event} ${message}`} class={level}>
              <Clock at={at} />
              <span class="text">
                {level !== "info" && <b>{level}: </b>}
                {message}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </>
  );
}
