import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findCommand } from "../../../src/process/find-command.js";
import { runCommand } from "../../../src/process/run-command.js";

test("a command is found by its path, from its directory, and in PATH", (context) => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-command-"));
  context.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "bin"));
  const file = join(directory, "bin", "app");
  writeFileSync(file, "#!/bin/sh\n");
  assert.match(refusalOf("bin/app", directory), /is not executable/);
  chmodSync(file, 0o755);
  for (const command of [file, "bin/app"]) {
    assert.deepEqual(findCommand(command, directory, undefined), { ok: true, value: file });
  }
  assert.deepEqual(findCommand("app", directory, "/nowhere:bin"), { ok: true, value: file });
  assert.match(refusalOf("bin", directory), /cannot find the command bin/);
  assert.match(refusalOf("./bin", directory), /it is not a file/);
});

test("a path that cannot even be looked at is a reason, not a crash", async () => {
  const long = "x".repeat(5000);
  assert.match(refusalOf(`/${long}`, "/"), /name too long/);
  assert.match(refusalOf(long, "/"), /cannot find the command/);
  const ran = await runCommand(["/bin/true", "x".repeat(200_000)], {
    directory: "/",
    environment: {},
    signal: AbortSignal.timeout(10_000),
  });
  assert.match(ran.ok ? "" : ran.failure.message, /cannot run \/bin\/true: .*E2BIG/);
});

function refusalOf(command: string, directory: string): string {
  const found = findCommand(command, directory, "/usr/bin:/bin");
  return found.ok ? "" : found.failure.message;
}
