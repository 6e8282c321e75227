import { renderToString } from "preact-render-to-string";
import { Page } from "./page.js";
import type { Seen } from "./seen.js";

/** Names of the files below /assets/, each with its content in its name. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

export interface FirstLook {
  /** The instance whose page it is; null: that of all of them. */
  readonly instance: string | null;
  readonly seen: Seen;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly assets: PageAssets;
}

/** The document as it is without JavaScript; the script goes on from there by the feed. It has no script and no style in itself. */
export function renderPage({ instance, seen, now, assets }: FirstLook): string {
  const title = instance === null ? "Holdfast" : `${instance} · Holdfast`;
  const document = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="icon" type="image/svg+xml" href={`/assets/${assets.icon}`} />
        <link rel="stylesheet" href={`/assets/${assets.style}`} />
        <script type="module" src={`/assets/${assets.script}`} />
      </head>
      <body>
        <div id="page" data-instance={instance ?? undefined}>
          <Page instance={instance} seen={seen} now={now} link={{ kind: "still" }} />
        </div>
      </body>
    </html>
  );
  return `<!doctype html>${renderToString(document)}`;
}
