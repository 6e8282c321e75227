import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../linux/temporary-directory.js";

const sources = fileURLToPath(new URL("../../../src", import.meta.url));
const valibot = fileURLToPath(new URL("../../../../node_modules/valibot", import.meta.url));

/** Runs a command where there are no packages but those. */
function prepare(t: TestContext, ...packages: readonly string[]): (command: string) => number | null {
  const directory = temporaryDirectory(t);
  cpSync(sources, join(directory, "src"), { recursive: true });
  mkdirSync(join(directory, "node_modules"));
  for (const path of packages)
    cpSync(path, join(directory, "node_modules", basename(path)), { recursive: true });
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  return (command) => {
    const args = [join(directory, "src/cli.js"), "--socket", join(directory, "none"), command];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
    assert.doesNotMatch(stderr, /ERR_MODULE_NOT_FOUND/);
    return status;
  };
}

test("a command that is not run loads no package", (t) => {
  assert.equal(prepare(t)("help"), 0);
});

test("no command loads winston or koffi at its start", (t) => {
  const run = prepare(t, valibot);
  for (const command of ["status", "upgrade", "commit", "rollback", "reexec", "drain", "stop", "events"]) {
    assert.equal(run(command), 3, command);
  }
  for (const command of ["reap", "version", "help"]) assert.equal(run(command), 0, command);
});
