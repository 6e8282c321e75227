import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import type { RenderPage } from "../../../src/web/feed.js";
import { pathInCheckout } from "../../harness/container/checkout.js";
import { account, generation, side, status, view, worker } from "./values.js";

const folder = pathInCheckout("build/src/page");
const { renderPage }: { renderPage: RenderPage } = createRequire(import.meta.url)(join(folder, "render.cjs"));
const nothingElse = { at: 10_000, instance: "web", history: [] };

test("all assets together are below 150 KB, and the document names those that there are", () => {
  const names = readdirSync(join(folder, "assets"));
  const bytes = names.reduce((sum, name) => sum + statSync(join(folder, "assets", name)).size, 0);
  assert.ok(bytes < 150_000, `${bytes} bytes`);
  const html = renderPage({ ...nothingElse, instances: [] });
  const named = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g)].map(([, name]) => name);
  assert.deepEqual(named.sort(), names.sort());
});

test("the document has no script or style in itself, and nothing from elsewhere", () => {
  const html = renderPage({ ...nothingElse, instances: [view(status())] });
  assert.doesNotMatch(html, /<script(?![^>]* src="\/assets\/)|<style| style=| on\w+=|https?:\/\//);
});

test("what an app, a version or a message says is text, whatever it is", () => {
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  const report = status({
    summary: evil,
    degraded: evil,
    generations: [generation(2, { version: evil, workers: [worker("2.0", 1, { status: evil })] })],
    accounts: [account({ asked: { by: { kind: "signal" }, message: evil } })],
  });
  for (const instance of ["web", null]) {
    const html = renderPage({ ...nothingElse, instance, instances: [view(report)] });
    assert.ok(html.includes("&lt;script>alert(1)"), "it is shown");
    assert.doesNotMatch(html, /<script>|<img/);
  }
});

test("without JavaScript there are tables of workers and listeners, and the account of the upgrade", () => {
  const listener = {
    name: "http",
    address: "127.0.0.1:80",
    origin: "unit",
    generations: [2],
    backlog: { queued: 3, limit: 128 },
    stalledMs: null,
    down: null,
  } as const;
  const phases = [{ phase: "copy", afterMs: 0, tookMs: 85 } as const];
  const report = status({
    listeners: [listener],
    accounts: [account({ phases, new: side(2, { adopted: 1_234 }) })],
  });
  const html = renderPage({ ...nothingElse, instances: [view(report)] });
  for (const text of ["2.0", "127.0.0.1:80", "3 of 128", "85 ms", "1,234"]) {
    assert.ok(html.includes(`>${text}<`) || html.includes(text), text);
  }
  assert.match(html, /<caption[^>]*>Workers<\/caption>/);
});

test("what is not measured is said to be so, never shown as 0", () => {
  const report = status({
    generations: [generation(2, { workers: [worker("2.0", null)] })],
    accounts: [account({ old: { generation: 1, listeners: null, deaths: 0 }, new: null })],
  });
  const html = renderPage({ ...nothingElse, instances: [view(report)] });
  const [, row = ""] = /Requests<\/th>(.*?)<\/tr>/.exec(html) ?? [];
  assert.equal(row.match(/not measured/g)?.length, 2, row);
});

test("an instance that does not answer says why", () => {
  const html = renderPage({
    ...nothingElse,
    instance: null,
    instances: [view(null, "its socket is somebody else's")],
  });
  assert.match(html, /no answer/);
  assert.match(html, /its socket is somebody else's|its socket is somebody else&#39;s/);
});
