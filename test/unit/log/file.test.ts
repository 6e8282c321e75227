import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Log, openLog } from "../../../src/log/log.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

function logTo(file: string): { readonly log: Log; readonly say: (message: string) => void } {
  const log = openLog({ file, journal: undefined });
  return { log, say: (message) => log.write({ level: "info", event: "test", message }) };
}

function messagesIn(file: string): string[] {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line).message);
}

test("a line is in the file when the program goes on, and in the next file once the first was moved away", (t) => {
  const file = join(temporaryDirectory(t), "logs", "holdfast.log");
  const { log, say } = logTo(file);
  say("one");
  assert.deepEqual(messagesIn(file), ["one"]);
  renameSync(file, `${file}.1`);
  say("two");
  log.reopen();
  say("three");
  assert.deepEqual(messagesIn(`${file}.1`), ["one", "two"]);
  assert.deepEqual(messagesIn(file), ["three"]);
});

test("a file that cannot be written ends nothing, and is written again once it can be", (t) => {
  const directory = join(temporaryDirectory(t), "logs");
  const file = join(directory, "holdfast.log");
  writeFileSync(directory, "in the way");
  const { log, say } = logTo(file);
  say("lost");
  log.reopen();
  say("lost, too");
  rmSync(directory);
  say("kept");
  assert.deepEqual(messagesIn(file), ["kept"]);
});

test("a full disk ends nothing", () => {
  const { say } = logTo("/dev/full");
  say("lost");
  say("lost, too");
});
