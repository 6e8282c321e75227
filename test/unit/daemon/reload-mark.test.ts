import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { reloadMarkFile } from "../../../src/daemon/reload-mark.js";
import { reloadMarkIn } from "../../../src/lib/directories.js";

function inDirectory(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-mark-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return { file: reloadMarkIn(directory), mark: reloadMarkFile(directory) };
}

test("each reload has a mark of its own, though the same process id comes again, and its message", (context) => {
  const { file, mark } = inDirectory(context);
  writeFileSync(file, "4711 \n");
  const first = mark.read();
  assert.equal(first?.message, null);
  assert.deepEqual(mark.read(), first);
  // Times of files have the kernel's tick.
  execFileSync("sh", ["-c", `sleep 0.02; echo 4711 "new  certificate\u001b[2J" >${file}`]);
  const second = mark.read();
  assert.equal(second?.message, "new  certificate [2J");
  assert.notEqual(second?.id, first?.id);
  mark.remove();
  assert.equal(mark.read(), undefined);
});

test("what no command of a reload has made is no mark, and holds nothing up", (context) => {
  const { file, mark } = inDirectory(context);
  assert.equal(mark.read(), undefined);
  for (const make of [
    () => symlinkSync("/etc/hostname", file),
    () => mkdirSync(file),
    () => execFileSync("mkfifo", [file]),
    () => writeFileSync(file, "1".repeat(5_000)),
  ]) {
    make();
    assert.equal(mark.read(), undefined);
    rmSync(file, { recursive: true });
  }
});
