import type { NewsItem } from "./seen.js";
import { Clock } from "./words.js";

/** What happens, as it comes, newest first; a screen reader tells what is new, once what was before is there (`told`). */
export function Events({ news, told }: { readonly news: readonly NewsItem[]; readonly told: boolean }) {
  return (
    <>
      {news.length === 0 && (
        <p class="empty">
          {told
            ? "Nothing has happened since somebody looked."
            : "What happens is shown here as it comes, with JavaScript."}
        </p>
      )}
      <div
        class="events"
        role="log"
        aria-live={told ? "polite" : "off"}
        aria-label="What happens"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
      >
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
