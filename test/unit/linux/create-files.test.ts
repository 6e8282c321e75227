import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createFiles } from "../../../src/linux/create-files.js";
import { temporaryDirectory } from "../control/rig.js";

test("all files appear, with their folders, readable for everybody whatever the umask", (context) => {
  const top = temporaryDirectory(context);
  const before = process.umask(0o077);
  context.after(() => process.umask(before));
  const paths = [join(top, "a/b/one"), join(top, "two")];
  assert.ok(createFiles(paths.map((path) => ({ path, text: "text" }))).ok);
  for (const path of paths) {
    assert.equal(readFileSync(path, "utf8"), "text");
    assert.equal(statSync(path).mode & 0o777, 0o644);
  }
  assert.deepEqual(readdirSync(join(top, "a/b")), ["one"]);
  for (const folder of ["a", "a/b"]) assert.equal(statSync(join(top, folder)).mode & 0o777, 0o755);
});

test("a file that exists is named, and nothing at all has changed", (context) => {
  const top = temporaryDirectory(context);
  const there = join(top, "there");
  writeFileSync(there, "mine");
  const result = createFiles([
    { path: join(top, "a/b/one"), text: "" },
    { path: there, text: "theirs" },
  ]);
  assert.ok(!result.ok);
  assert.equal(result.failure.reason, "file-exists");
  assert.ok(result.failure.message.includes(there));
  assert.deepEqual(readdirSync(top), ["there"]);
  assert.equal(readFileSync(there, "utf8"), "mine");
});

test("a dangling symlink is not followed", (context) => {
  const top = temporaryDirectory(context);
  symlinkSync(join(top, "elsewhere"), join(top, "link"));
  assert.ok(!createFiles([{ path: join(top, "link"), text: "" }]).ok);
  assert.ok(!existsSync(join(top, "elsewhere")));
});
