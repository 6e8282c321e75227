import type { ComponentChildren } from "preact";
import { formatTime, localTime } from "../lib/local-time.js";
import { colourOf, formatAge } from "./figures.js";
import type { Said } from "./in-words.js";

/** The page of an instance. */
export function pathOf(instance: string): string {
  return `/i/${encodeURIComponent(instance)}`;
}

/** A state as a dot and a word: never by its colour alone. */
export function Badge({ said }: { readonly said: Said }) {
  return <span class={`badge ${said.tone}`}>{said.word}</span>;
}

/** A value, or that there is none. */
export function Measured<T>({
  value,
  children,
}: {
  readonly value: T | null;
  readonly children: (value: T) => ComponentChildren;
}) {
  if (value !== null) return <>{children(value)}</>;
  return (
    <span class="none">
      <span aria-hidden="true">–</span>
      <span class="heard">not measured</span>
    </span>
  );
}

/** A time of the day, with its date where that is another one than the reader's. */
export function Clock({ at, day = false }: { readonly at: number; readonly day?: boolean }) {
  return <time dateTime={new Date(at).toISOString()}>{day ? formatTime(at) : localTime(at).time}</time>;
}

/** How long ago. */
export function Ago({ at, now }: { readonly at: number; readonly now: number }) {
  return <time dateTime={new Date(at).toISOString()}>{formatAge(now - at)} ago</time>;
}

/** A generation by its colour and number, and its version where it is known. */
export function Generation({
  id,
  version = null,
}: {
  readonly id: number;
  readonly version?: string | null;
}) {
  return (
    <span class={`generation ${colourOf(id)}`}>
      {id}
      {version !== null && <span class="version"> {version}</span>}
    </span>
  );
}

/** A table that is wider than its place is moved in it, by keyboard too. */
export function Table({
  caption,
  head,
  children,
}: {
  readonly caption: string;
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="heard">{caption}</caption>
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
