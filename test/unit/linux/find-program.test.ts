import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findProgram } from "../../../src/linux/find-program.js";
import { temporaryDirectory } from "./temporary-directory.js";

const skip = process.geteuid?.() !== 0 && "needs root, which is who is not to run what others put there";
const stranger = 4242;

interface There {
  readonly folder: string;
  readonly program: string;
}

/** A folder with a program in it, first in PATH. */
function put(t: TestContext, name: string): There {
  const folder = join(temporaryDirectory(t), "bin");
  mkdirSync(folder);
  const program = join(folder, name);
  writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
  const path = process.env["PATH"];
  process.env["PATH"] = `${folder}:${path}`;
  t.after(() => {
    process.env["PATH"] = path;
  });
  return { folder, program };
}

test("what root alone can have put into PATH is run", { skip }, (t) => {
  const { program } = put(t, "systemctl");
  assert.equal(findProgram("systemctl"), program);
});

for (const [what, spoil] of [
  ["a folder of another user", ({ folder }) => chownSync(folder, stranger, stranger)],
  ["a folder that others may write to", ({ folder }) => chmodSync(folder, 0o777)],
  ["a folder in one of another user", ({ folder }) => chownSync(join(folder, ".."), stranger, stranger)],
  ["another user's program", ({ program }) => chownSync(program, stranger, stranger)],
  ["a program that others may write to", ({ program }) => chmodSync(program, 0o757)],
] satisfies [string, (there: There) => void][]) {
  test(`root does not run ${what}, though it is first in PATH`, { skip }, (t) => {
    const there = put(t, "systemctl");
    spoil(there);
    assert.match(findProgram("systemctl"), /^(\/usr)?\/s?bin\/systemctl$/);
  });
}

test("a link to another user's program is not run either, and a folder that is not absolute is passed over", {
  skip,
}, (t) => {
  const { folder } = put(t, "other");
  const theirs = join(temporaryDirectory(t), "busctl");
  writeFileSync(theirs, "", { mode: 0o755 });
  chownSync(theirs, stranger, stranger);
  symlinkSync(theirs, join(folder, "busctl"));
  process.env["PATH"] = `.:${process.env["PATH"]}`;
  assert.match(findProgram("busctl"), /^(\/usr)?\/s?bin\/busctl$/);
});
