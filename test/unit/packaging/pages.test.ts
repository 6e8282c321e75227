import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { optionNames } from "../../../src/cli/command-options.js";
import { commands } from "../../../src/cli/commands.js";
import { spellingsOf, synopsisOf } from "../../../src/cli/help-text.js";
import { drainEntries, readyEntries, rootEntries, verifyEntries } from "../../../src/config/config-schema.js";
import { controlEntries } from "../../../src/config/control-table.js";
import { historyEntries } from "../../../src/config/history-table.js";
import { hooksEntries } from "../../../src/config/hooks-table.js";
import { listenerEntries } from "../../../src/config/listeners.js";
import { metricsEntries } from "../../../src/config/metrics-table.js";
import {
  healthEntries,
  judgeEntries,
  probationEntries,
  rollbackEntries,
  trialEntries,
} from "../../../src/config/proof-tables.js";
import { daemonUsage } from "../../../src/daemon/options.js";

const read = (path: string): string => readFileSync(`packaging/${path}`, "utf8").replaceAll("\\-", "-");

const proofTables = {
  trial: trialEntries,
  probation: probationEntries,
  judge: judgeEntries,
  rollback: rollbackEntries,
};

/** What stands in bold below each `.TP` of a section: groff_man(7). */
function headings(page: string, section: string): string[] {
  const [, text = ""] = page.split(`\n.SH ${section}\n`);
  return headingsIn(text.split("\n.SH ")[0] ?? "");
}

function headingsIn(body: string): string[] {
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
  const [, metrics = ""] = page.split("\n.SS [metrics]\n");
  assert.deepEqual(
    headingsIn(metrics.split("\n.SS ")[0] ?? "").map((heading) => heading.split(" ")[0]),
    Object.keys(metricsEntries),
  );
  for (const key of Object.keys(verifyEntries)) assert.match(page, new RegExp(`\\b${key}\\b`), key);
  for (const [table, entries] of Object.entries(proofTables)) {
    const [, section = ""] = page.split(`\n.SS [${table}]\n`);
    const keys = headingsIn(section.split("\n.S")[0] ?? "").map((heading) => heading.split(" ")[0]);
    assert.deepEqual(keys.sort(), Object.keys(entries).sort(), table);
  }
  const [health = ""] = page.match(/^\.BR health .*$/m) ?? [];
  for (const key of Object.keys(healthEntries)) assert.match(health, new RegExp(`\\b${key}\\b`), key);
});

test("docs/prove.md has every key by which a version has to prove itself", () => {
  const page = readFileSync("docs/prove.md", "utf8");
  const told = [...page.matchAll(/^\| `(\w+\.\w+)` \|/gm)].map(([, key]) => key);
  const keys = Object.entries(proofTables).flatMap(([table, entries]) =>
    Object.keys(entries).map((key) => `${table}.${key}`),
  );
  assert.deepEqual(told.sort(), keys.sort());
  for (const key of Object.keys(healthEntries))
    assert.match(page, new RegExp(`^\\| \`judge\\.health\`.*\\b${key}\\b`, "m"));
});

test("holdfast.toml(5) describes [control], and with docs/hooks.md every event that hooks are for", () => {
  const [page, doc] = [read("man/holdfast.toml.5"), readFileSync("docs/hooks.md", "utf8")];
  for (const key of Object.keys(historyEntries)) assert.match(page, new RegExp(`^\\.BR ${key} " \\(`, "m"));
  for (const key of Object.keys(controlEntries)) assert.match(page, new RegExp(`^\\.B ${key}$`, "m"));
  for (const event of Object.keys(hooksEntries)) {
    assert.match(page, new RegExp(`^\\.B ${event}$`, "m"));
    assert.match(doc, new RegExp(`^\\| \`${event}\` \\|`, "m"));
  }
});

test("holdfastd(8) describes every option of the daemon", () => {
  const page = read("man/holdfastd.8");
  for (const [option] of daemonUsage.matchAll(/--[a-z-]+/g)) assert.ok(page.includes(option), option);
});
