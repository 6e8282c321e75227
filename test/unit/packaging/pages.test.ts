import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commands } from "../../../src/cli/commands.js";
import { listenerEntries } from "../../../src/config/listeners.js";
import { drainEntries, readyEntries, rootEntries, verifyEntries } from "../../../src/config/schema.js";
import { daemonUsage } from "../../../src/daemon/options.js";

const read = (path: string): string => readFileSync(`packaging/${path}`, "utf8").replaceAll("\\-", "-");
const options = [...new Set(Object.values(commands).flatMap((command) => command.options))];

for (const file of ["holdfast.bash", "_holdfast", "holdfast.fish"]) {
  test(`the completion ${file} knows every command and every option`, () => {
    const text = read(`completion/${file}`);
    for (const command of Object.keys(commands)) assert.match(text, new RegExp(`\\b${command}\\b`), command);
    for (const option of [...options, "name", "socket", "help", "version"]) {
      assert.match(text, new RegExp(`(--|-l )${option}\\b`), option);
    }
  });
}

test("holdfast(1) describes every command and every option", () => {
  const page = read("man/holdfast.1");
  for (const command of Object.keys(commands))
    assert.match(page, new RegExp(`^\\.BR? ${command}\\b`, "m"), command);
  for (const option of options) assert.match(page, new RegExp(`^\\.BR? --${option}\\b`, "m"), option);
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

test("holdfastd(8) describes every option of the daemon", () => {
  const page = read("man/holdfastd.8");
  for (const [option] of daemonUsage.matchAll(/--[a-z-]+/g)) assert.ok(page.includes(option), option);
});
