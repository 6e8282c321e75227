import type { ComponentChildren } from "preact";
import { InstancePage } from "./instance-page.js";
import { Overview } from "./overview.js";
import type { Seen } from "./seen.js";
import { Clock, pathOf } from "./words.js";

/** How the page hears of what happens. */
export type Link =
  /** It does not: it is as the server made it. */
  { readonly kind: "still" } | { readonly kind: "live" } | { readonly kind: "lost"; readonly since: number };

export interface PageProps {
  readonly instance: string | null;
  readonly seen: Seen;
  readonly now: number;
  readonly link: Link;
  /** Whether what happens is told to who does not see it. */
  readonly told?: boolean;
  /** What only a browser with JavaScript has. */
  readonly charts?: ComponentChildren;
  readonly actions?: ComponentChildren;
}

/** The body of the document. */
export function Page({ instance, seen, now, link, told = false, charts, actions }: PageProps) {
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <Mark /> Holdfast
        </a>
        {instance !== null && (
          <nav aria-label="Place">
            <a href="/">All instances</a>
          </nav>
        )}
        <LinkState link={link} place={instance === null ? "/" : pathOf(instance)} />
      </header>
      <main id="main" tabIndex={-1}>
        {instance === null ? (
          <Overview seen={seen} now={now} />
        ) : (
          <InstancePage name={instance} seen={seen} now={now} told={told} charts={charts} actions={actions} />
        )}
      </main>
      <footer>
        <p>
          As of <Clock at={now} />. What is not measured is shown as “–”.
        </p>
      </footer>
    </>
  );
}

/** Two strands, one of which takes over from the other. */
function Mark() {
  return (
    <svg class="logo" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path class="old" d="M3 7h5c5 0 5 10 10 10" />
      <path class="new" d="M13 7h8M3 17h6m9 0h3" />
    </svg>
  );
}

function LinkState({ link, place }: { readonly link: Link; readonly place: string }) {
  return (
    <p class={`link ${link.kind}`} role="status">
      {link.kind === "live" && "live"}
      {link.kind === "lost" && (
        <>
          Connection lost at <Clock at={link.since} />. What is shown is as of then; it goes on by itself.
        </>
      )}
      {link.kind === "still" && (
        <noscript>
          Not live without JavaScript. <a href={place}>Refresh</a>
        </noscript>
      )}
    </p>
  );
}
