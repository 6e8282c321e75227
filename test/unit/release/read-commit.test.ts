import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readCommit } from "../../../src/release/read-commit.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

function git(directory: string, ...args: readonly string[]): string {
  const identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"];
  const env = { PATH: process.env["PATH"], HOME: directory };
  return execFileSync("git", [...identity, "-C", directory, ...args], {
    env,
    encoding: "utf8",
    stdio: "pipe",
  }).trim();
}

function checkOut(t: TestContext): { readonly directory: string; readonly commit: string } {
  const directory = join(temporaryDirectory(t), "release");
  mkdirSync(directory);
  git(directory, "init", "-q");
  git(directory, "commit", "-q", "--allow-empty", "-m", "one");
  return { directory, commit: git(directory, "rev-parse", "HEAD") };
}

test("of a checkout the commit is known: on a branch, packed, detached, and as a copy", (t) => {
  const { directory, commit } = checkOut(t);
  assert.equal(readCommit(directory), commit);
  git(directory, "checkout", "-q", "-b", "feature/with-slash_1.x");
  git(directory, "pack-refs", "--all");
  assert.equal(readCommit(directory), commit);
  git(directory, "checkout", "-q", "--detach");
  assert.equal(readCommit(directory), commit);
  const copy = join(temporaryDirectory(t), "copy");
  cpSync(directory, copy, { recursive: true });
  assert.equal(readCommit(copy), commit);
});

test("of a worktree, whose repository is elsewhere, too", (t) => {
  const { directory, commit } = checkOut(t);
  const tree = join(directory, "..", "tree");
  git(directory, "worktree", "add", "-q", "-b", "other", tree);
  assert.equal(readCommit(tree), commit);
});

test("what is no checkout has no commit, whatever lies there", (t) => {
  const directory = temporaryDirectory(t);
  assert.equal(readCommit(directory), null);
  mkdirSync(join(directory, ".git"));
  assert.equal(readCommit(directory), null);
  for (const head of ["", "ref: refs/heads/none", "ref: refs/../../../etc/passwd", "deadbeef", "\0"]) {
    writeFileSync(join(directory, ".git/HEAD"), `${head}\n`);
    assert.equal(readCommit(directory), null, head);
  }
});
