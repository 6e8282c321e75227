import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { printable } from "../lib/printable.js";
import type { PageView } from "./feed.js";
import { type Body, withGzip } from "./respond.js";

/** The page as it was built. */
export interface Page {
  /** In which no text of an app's has anything that steers or cannot be seen. */
  render(view: PageView): Buffer;
  asset(name: string): Body | undefined;
}

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

/** Loads what the build has put into a folder: render.cjs, and assets. Fails with `page-missing`. */
export function loadPage(folder: string): Result<Page, Failure<"page-missing">> {
  try {
    const { renderPage } = createRequire(import.meta.url)(join(folder, "render.cjs"));
    if (typeof renderPage !== "function") return missing(folder, "render.cjs renders nothing");
    const assets = new Map(
      readdirSync(join(folder, "assets")).map((name) => [name, readAsset(folder, name)]),
    );
    return succeed({
      render: (view) => Buffer.from(printable(String(renderPage(view)))),
      asset: (name) => assets.get(name),
    });
  } catch (error) {
    return missing(folder, messageOf(error));
  }
}

function readAsset(folder: string, name: string): Body {
  const type = types[extname(name)] ?? "application/octet-stream";
  return withGzip({ type, bytes: readFileSync(join(folder, "assets", name)), immutable: true });
}

function missing(folder: string, why: string): Result<never, Failure<"page-missing">> {
  return fail("page-missing", `cannot load the page in ${folder}: ${why}; install the package again`);
}
