import assert from "node:assert/strict";
import { chmodSync, chownSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ensureToken, isSameSecret, readToken, tokenFileIn } from "../../../src/web/token.js";
import { temporaryDirectory } from "../control/rig.js";

test("a token is made once, for its user alone", (context) => {
  const folder = join(temporaryDirectory(context), "state");
  const missing = readToken(folder);
  assert.equal(missing.ok ? "" : missing.failure.reason, "token-missing");
  const made = ensureToken(folder);
  assert.ok(made.ok && made.value.length >= 43);
  assert.equal(statSync(tokenFileIn(folder)).mode & 0o777, 0o600);
  assert.deepEqual(ensureToken(folder), made);
  assert.deepEqual(readToken(folder), made);
});

for (const [what, spoil] of [
  ["others may read", (file: string) => chmodSync(file, 0o640)],
  ["holds no token", (file: string) => writeFileSync(file, "short")],
  ["is a link", (file: string) => symlinkSync("/etc/hostname", file)],
] as const) {
  test(`a token's file that ${what} is not used, and stays`, (context) => {
    const folder = temporaryDirectory(context);
    const file = tokenFileIn(folder);
    if (what !== "is a link") assert.ok(ensureToken(folder).ok);
    spoil(file);
    const read = ensureToken(folder);
    assert.equal(read.ok ? "" : read.failure.reason, "token-unusable");
  });
}

test("a token that another user has made is nobody's but root's to read", {
  skip: process.geteuid?.() !== 0 && "needs root to be somebody else",
}, (context) => {
  const folder = temporaryDirectory(context);
  const made = ensureToken(folder);
  chownSync(tokenFileIn(folder), 1_999_998, 1_999_998);
  assert.deepEqual(readToken(folder), made);
  chmodSync(folder, 0o755);
  chmodSync(tokenFileIn(folder), 0o600);
  process.seteuid?.(1_999_997);
  try {
    const read = readToken(folder);
    assert.equal(read.ok ? "" : read.failure.reason, "token-unusable");
  } finally {
    process.seteuid?.(0);
  }
});

test("secrets are the same only when they are", () => {
  assert.ok(isSameSecret("abc", "abc"));
  for (const other of ["", "ab", "abd", "abcd"]) assert.ok(!isSameSecret(other, "abc"), other);
});
