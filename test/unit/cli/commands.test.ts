import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { commands } from "../../../src/cli/commands.js";

test("every file of a command is in the list", () => {
  const files = readdirSync("src/cli/commands").map((file) => file.replace(/\.ts$/, ""));
  assert.deepEqual(files.sort(), commands.map(({ name }) => name).sort());
});
