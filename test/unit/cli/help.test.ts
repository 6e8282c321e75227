import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { optionNames } from "../../../src/cli/command-options.js";
import { commands } from "../../../src/cli/commands.js";
import { commandHelp, helpText } from "../../../src/cli/help-text.js";
import { runCli } from "./run-cli.js";

test("help names every command and every option", async () => {
  const { status, stdout } = await runCli(["help"]);
  assert.equal(status, 0);
  for (const { name } of commands) {
    assert.match(stdout, new RegExp(`^  ${name} `, "m"));
  }
  for (const name of optionNames) assert.match(stdout, new RegExp(`^  (-\\w, )?--${name} `, "m"));
});

test("help of a command is the same however it is asked for", async () => {
  const [one, other] = await Promise.all([runCli(["help", "upgrade"]), runCli(["upgrade", "--help"])]);
  assert.deepEqual([one.status, other.status, other.stdout], [0, 0, one.stdout]);
  assert.match(one.stdout, /^Usage: holdfast .* upgrade /);
  assert.match((await runCli(["help", "upgrad"])).stderr, /no command upgrad; did you mean upgrade\?/);
});

test("help of each command names what it takes, in 80 columns", () => {
  for (const line of helpText(commands).split("\n")) assert.ok(line.length <= 80, line);
  for (const command of commands) {
    const { name, options, argument } = command;
    const text = commandHelp(command);
    assert.match(text, new RegExp(`^Usage: holdfast .*\\b${name}\\b`));
    if (argument !== undefined) assert.ok(text.includes(argument));
    for (const option of options) assert.match(text, new RegExp(`^  (-\\w, )?--${option}\\b`, "m"));
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  }
});

test("holdfastd --help is an answer, and no error", () => {
  const daemon = fileURLToPath(new URL("../../../src/daemon.js", import.meta.url));
  for (const option of ["--help", "-h"]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [daemon, option], { encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^Usage: holdfastd --name NAME/);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  }
});
