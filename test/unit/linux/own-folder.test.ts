import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeOwnFolder } from "../../../src/linux/own-folder.js";
import { temporaryDirectory } from "./temporary-directory.js";

test("a folder is made for this user alone, and found again", (t) => {
  const path = join(temporaryDirectory(t), "holdfast-7");
  assert.ok(makeOwnFolder(path).ok);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.ok(makeOwnFolder(path).ok);
});

for (const [what, make] of [
  [
    "another user's folder",
    (path) => {
      mkdirSync(path);
      chownSync(path, 4242, 4242);
    },
  ],
  [
    "a folder that anybody may write to",
    (path) => {
      mkdirSync(path);
      chmodSync(path, 0o777);
    },
  ],
  ["a link", (path) => symlinkSync("/root", path)],
] satisfies [string, (path: string) => void][]) {
  const skip = process.geteuid?.() !== 0 && "needs root to make one of another user";
  test(`${what} is not taken for one's own`, { skip }, (t: TestContext) => {
    const path = join(temporaryDirectory(t), "holdfast-7");
    make(path);
    const made = makeOwnFolder(path);
    assert.equal(made.ok ? "" : made.failure.reason, "folder-taken");
  });
}
