import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { HarnessError } from "../harness-error.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where Debian's package has put it. */
const executablePath = "/usr/bin/chromium";

/** Debian's browser, without a window. */
export function launchBrowser(): Promise<Browser> {
  const root = process.geteuid?.() === 0;
  return chromium.launch({ executablePath, chromiumSandbox: !root }).catch((cause) => {
    throw new HarnessError(
      "browser",
      `cannot start ${executablePath}, of Debian's package chromium: ${cause}`,
    );
  });
}

/** A page of its own, whose errors and refusals are collected. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

/** What axe-core finds that is serious, as lines. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const found: readonly {
    impact: string;
    id: string;
    nodes: readonly { html: string; failureSummary: string }[];
  }[] = await page.evaluate("axe.run().then(({ violations }) => violations)");
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}

/** By how much the document is wider than its window. */
export function findOverflow(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - innerWidth");
}
