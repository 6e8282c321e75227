import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { closeFd } from "../../../src/linux/fd.js";
import { readToken } from "../../../src/web/token.js";
import { Afterwards } from "../../harness/ends.js";
import type { Behaviour } from "../../harness/process/behaviour.js";
import { findBarriers, findOverflow, launchBrowser, openPage } from "../../harness/process/browser.js";
import { KeptConnection, KeptLoad } from "../../harness/process/kept.js";
import { openAtFreePort, portOf } from "../../harness/process/ports.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables } from "../../harness/process/trials.js";
import { showInstance, WebProcess } from "../../harness/process/web-process.js";

/** Where the pictures of the docs are put, when they are wanted. */
const pictures = process.env["HOLDFAST_SCREENSHOTS"];

/** One service for all stories: each begins with what the one before has left. */
const rig = new Rig({
  ...(pictures !== undefined && { name: "shop" }),
  workers: 2,
  native: true,
  config: judgedTables({ trial: "10m", probation: "1s" }),
});
const ends = new Afterwards();
/** As a socket unit has it. */
const listener = openAtFreePort();
const address = `http://127.0.0.1:${portOf(listener)}`;
let web: WebProcess;
let browser: Browser;
/** In use, and idle. */
let kept: KeptLoad;
let idle: readonly KeptConnection[];
/** The page of the instance, open all the time. */
let page: Page;
let complaints: readonly string[];

before(async () => {
  release("1");
  await rig.manager.startReady();
  showInstance(ends, rig);
  web = new WebProcess(ends, rig, [listener], { toml: "[web]\nactions = true\n" });
  browser = await launchBrowser();
  kept = await KeptLoad.open(rig.port, 4);
  idle = await KeptConnection.openMany(rig.port, 116);
  ({ page, complaints } = await openPage(browser, `${address}/i/${rig.name}`, {
    viewport: { width: 1_440, height: 960 },
  }));
  await page.locator(".link.live").waitFor();
});

after(async () => {
  await kept?.[Symbol.asyncDispose]();
  for (const connection of idle ?? []) connection.end();
  await browser?.close();
  await ends[Symbol.asyncDispose]();
  closeFd(listener);
  await rig[Symbol.asyncDispose]();
});

/** A release whose version people can read. */
function release(version: string, more: Partial<Behaviour> = {}): void {
  rig.release({ ...more, version });
  writeFileSync(join(rig.releaseDirectory, "package.json"), JSON.stringify({ version: `${version}.0` }));
}

/** The ribbon is on its way. */
const halfway = "parseFloat(getComputedStyle(document.querySelector('.bar.adopted')).width) > 350";

/** The page as it is now, for the docs. */
async function picture(name: string, shown: Page): Promise<void> {
  if (pictures !== undefined) await shown.screenshot({ path: join(pictures, `${name}.png`) });
}

const upgradeSection = () => page.getByRole("region", { name: "Upgrade", exact: true });

test("an upgrade is seen as it happens: its phases, its connections as they pass, its verdict", async () => {
  release("2");
  // A picture is of a service that has run for a while.
  if (pictures !== undefined) await page.locator(".facts").getByText("20 s").first().waitFor();
  const upgraded = rig.upgrade("upgrade", { message: "new taxes" });
  await upgradeSection().locator(".phases .running", { hasText: "trial" }).waitFor();
  await upgradeSection().getByText("new taxes").waitFor();
  assert.ok((await rig.control.order("commit")).ok);
  await upgradeSection().getByText("120 moved from the old to the new process").waitFor();
  if (pictures !== undefined) await page.waitForFunction(halfway);
  await picture("page", page);
  await upgradeSection()
    .getByRole("img", { name: /Generation 2 has 120 open/ })
    .waitFor();
  assert.equal((await upgraded).failure, null);
  await upgradeSection().getByText("proved").waitFor();
  // By keyboard, for what is above it grows and shrinks: a click may begin on it and end beside it.
  const entry = page.getByRole("region", { name: "History" }).locator("li", { hasText: "new taxes" });
  await entry.locator("summary", { hasText: "proved" }).press("Enter");
  await entry.getByText("Longest wait with nobody accepting").waitFor();
  await page.getByRole("log").getByText("generation 2 is on trial").waitFor();
});

test("a version that fails its trial is seen to be left, and why", async () => {
  release("3", { health: 500 });
  const judge = 'health = { http = "/healthz", every = "100ms", failures = 2 }';
  rig.configure(judgedTables({ trial: "20s", judge }));
  assert.equal((await rig.upgrade()).failure?.reason, "trial-failed");
  await page
    .locator(".head ~ .why")
    .getByText(/2 health checks in a row failed/)
    .waitFor();
  await upgradeSection().locator(".phases .bad", { hasText: "trial" }).waitFor();
  await page.locator("h1 + .badge", { hasText: "degraded" }).waitFor();
  const small = await openPage(browser, page.url(), {
    viewport: { width: 400, height: 900 },
    colorScheme: "dark",
  });
  await small.page.locator(".phases .bad").first().waitFor();
  await picture("page-small", small.page);
  await small.page.context().close();
});

test("who has the token rolls back, and sees it happen", async () => {
  await page.getByRole("button", { name: "Act…" }).click();
  const token = readToken(rig.directory);
  assert.ok(token.ok);
  await page.getByLabel("Token").fill(token.value);
  await page.getByRole("dialog").getByRole("button", { name: "Act" }).click();
  await page.getByRole("button", { name: "Roll back…" }).click();
  await page.getByRole("dialog").getByLabel("Why (optional)").fill("taxes are wrong");
  await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
  await upgradeSection()
    .getByText(/Rollback \d+/)
    .waitFor();
  await upgradeSection().getByText("taxes are wrong").waitFor();
  await page.getByRole("log").getByText("generation 4 is active", { exact: true }).waitFor();
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
});

test("the page goes on by itself when the web service comes again, with what it had seen", async () => {
  const log = page.getByRole("log");
  const lost = page.getByText(/Connection lost at/).waitFor();
  await web.restart();
  await lost;
  await page.locator(".link.live").waitFor();
  release("4");
  rig.configure();
  assert.equal((await rig.upgrade()).failure, null);
  const { id } = (await rig.settled()).generations[0] ?? { id: 0 };
  await log.getByText(`generation ${id} is active`, { exact: true }).waitFor();
  assert.equal(await log.getByText("generation 2 is active", { exact: true }).count(), 1);
});

test("axe-core finds nothing serious, and nothing is wider than its window, light and dark, small and large", async () => {
  for (const path of ["/", `/i/${rig.name}`]) {
    for (const [width, colorScheme] of [
      [400, "dark"],
      [1_600, "light"],
    ] as const) {
      const look = { viewport: { width, height: 900 }, colorScheme };
      const opened = await openPage(browser, address + path, look);
      await opened.page.locator(".link.live").waitFor();
      const where = `${path}, ${width} px, ${colorScheme}`;
      assert.deepEqual(await findBarriers(opened.page), [], where);
      assert.equal(await findOverflow(opened.page), 0, where);
      assert.deepEqual(opened.complaints, [], where);
      await opened.page.context().close();
    }
  }
});

test("without JavaScript there are the tables, and a way to load them again", async () => {
  const still = await openPage(browser, `${address}/i/${rig.name}`, { javaScriptEnabled: false });
  const worker = (await rig.status()).generations[0]?.workers[0];
  await still.page.getByRole("row", { name: new RegExp(`^${worker?.name}`) }).waitFor();
  await still.page.getByRole("row", { name: new RegExp(`^http 127.0.0.1:${rig.port}`) }).waitFor();
  await still.page.getByRole("link", { name: "Refresh" }).click();
  await still.page.getByRole("heading", { name: rig.name }).waitFor();
});

test("all the while nothing was lost, and the browser had nothing to complain of", async () => {
  await kept.stop();
  assert.deepEqual(kept.failures, []);
  assert.deepEqual(complaints, []);
});
