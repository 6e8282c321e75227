import { renderToString } from "preact-render-to-string";
import type { RenderPage } from "../web/feed.js";
import { Page } from "./page.js";
import { nothingSeen, type Seen } from "./seen.js";

/** What scripts/bundle-page.mjs has called the files below /assets/, each with its content in its name. */
declare const pageAssets: { readonly script: string; readonly style: string; readonly icon: string };

/** The document as it is without JavaScript; the script goes on from there by the feed. It has no script and no style in itself. */
export const renderPage: RenderPage = ({ at, instances, instance, history }) => {
  const seen: Seen = {
    ...nothingSeen,
    instances,
    histories: new Map(instance === null ? [] : [[instance, history]]),
  };
  const title = instance === null ? "Holdfast" : `${instance} · Holdfast`;
  const document = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="icon" type="image/svg+xml" href={`/assets/${pageAssets.icon}`} />
        <link rel="stylesheet" href={`/assets/${pageAssets.style}`} />
        <script type="module" src={`/assets/${pageAssets.script}`} />
      </head>
      <body>
        <div id="page" data-instance={instance ?? undefined}>
          <Page instance={instance} seen={seen} now={at} link={{ kind: "still" }} />
        </div>
      </body>
    </html>
  );
  return `<!doctype html>${renderToString(document)}`;
};
