import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../linux/temporary-directory.js";

const sources = fileURLToPath(new URL("../../../src", import.meta.url));
const valibot = fileURLToPath(new URL("../../../../node_modules/valibot", import.meta.url));

test("no command loads winston or koffi at its start", (t) => {
  const directory = temporaryDirectory(t);
  cpSync(sources, join(directory, "src"), { recursive: true });
  mkdirSync(join(directory, "node_modules"));
  // The only package it finds.
  cpSync(valibot, join(directory, "node_modules/valibot"), { recursive: true });
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  const run = (command: string): number | null => {
    const args = [join(directory, "src/cli.js"), "--socket", join(directory, "none"), command];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
    assert.doesNotMatch(stderr, /ERR_MODULE_NOT_FOUND/);
    return status;
  };
  for (const command of ["status", "upgrade", "commit", "rollback", "reexec", "drain", "stop", "events"]) {
    assert.equal(run(command), 3, command);
  }
  for (const command of ["reap", "version", "help"]) assert.equal(run(command), 0, command);
});
