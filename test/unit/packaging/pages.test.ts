import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { optionNames } from "../../../src/cli/command-options.js";
import { commands } from "../../../src/cli/commands.js";
import { spellingsOf, synopsisOf } from "../../../src/cli/help-text.js";
import { drainEntries, readyEntries, rootEntries, verifyEntries } from "../../../src/config/config-schema.js";
import { hooksEntries } from "../../../src/config/hooks-table.js";
import { listenerEntries } from "../../../src/config/listeners.js";
import { daemonUsage } from "../../../src/daemon/options.js";

const read = (path: string): string => readFileSync(`packaging/${path}`, "utf8").replaceAll("\\-", "-");

/** What stands in bold below each `.TP` of a section: groff_man(7). */
function headings(page: string, section: string): string[] {
  const [, text = ""] = page.split(`\n.SH ${section}\n`);
  const [body = ""] = text.split("\n.SH ");
  return [...body.matchAll(/^\.TP\n\.(BR?) (.*)$/gm)].map(([, macro, line = ""]) => {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);
    return words.join(macro === "B" ? " " : "").replace(/\\f[A-Z]/g, "");
  });
}

test("holdfast(1) describes every command, with what may follow it", () => {
  assert.deepEqual(headings(read("man/holdfast.1"), "COMMANDS"), commands.map(synopsisOf));
});

test("holdfast(1) describes every option", () => {
  const described = headings(read("man/holdfast.1"), "OPTIONS");
  assert.deepEqual(described.sort(), optionNames.map(spellingsOf).sort());
});

test("holdfast.toml(5) describes every key", () => {
  const page = read("man/holdfast.toml.5");
  const keys = [rootEntries, listenerEntries, readyEntries, drainEntries].flatMap((entries) =>
    Object.keys(entries),
  );
  for (const key of keys) {
    const heading = new RegExp(`^\\.BR? ${key}\\b|^\\.SS \\[${key}\\b`, "m");
    assert.match(page, heading, key);
  }
  for (const key of Object.keys(verifyEntries)) assert.match(page, new RegExp(`\\b${key}\\b`), key);
});

test("holdfast.toml(5) and docs/hooks.md describe every event that hooks are for", () => {
  const [page, doc] = [read("man/holdfast.toml.5"), readFileSync("docs/hooks.md", "utf8")];
  for (const event of Object.keys(hooksEntries)) {
    assert.match(page, new RegExp(`^\\.B ${event}$`, "m"));
    assert.match(doc, new RegExp(`^\\| \`${event}\` \\|`, "m"));
  }
});

test("holdfastd(8) describes every option of the daemon", () => {
  const page = read("man/holdfastd.8");
  for (const [option] of daemonUsage.matchAll(/--[a-z-]+/g)) assert.ok(page.includes(option), option);
});
