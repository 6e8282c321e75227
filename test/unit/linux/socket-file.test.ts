import assert from "node:assert/strict";
import { existsSync, renameSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { closeFd } from "../../../src/linux/fd.js";
import { openListener } from "../../../src/linux/listener.js";
import {
  identifySocketFile,
  rehearseSocketMode,
  removeSocketFile,
  setSocketMode,
} from "../../../src/linux/socket-file.js";
import { temporaryDirectory } from "./temporary-directory.js";

function makeSocket(t: TestContext): { readonly path: string; readonly identity: string } {
  const path = join(temporaryDirectory(t), "own.sock");
  const opened = openListener({ kind: "unix", path }, { backlog: 1, mode: 0o640 });
  assert.ok(opened.ok);
  t.after(() => closeFd(opened.value));
  const identity = identifySocketFile(path);
  assert.ok(identity !== undefined);
  return { path, identity };
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}

test("the mode of a socket's own file is set, and a rehearsal changes nothing", (t) => {
  const { path, identity } = makeSocket(t);
  assert.ok(rehearseSocketMode(path, identity).ok);
  assert.equal(modeOf(path), 0o640);
  assert.ok(setSocketMode(path, identity, 0o606).ok);
  assert.equal(modeOf(path), 0o606);
});

test("whatever else is at the path is neither changed nor removed", (t) => {
  const { path, identity } = makeSocket(t);
  const treasure = `${path}.treasure`;
  writeFileSync(treasure, "", { mode: 0o600 });
  renameSync(path, `${path}.aside`);
  const others: readonly [what: string, put: () => void][] = [
    ["nothing", () => {}],
    ["another file", () => writeFileSync(path, "", { mode: 0o600 })],
    ["a link to another file", () => symlinkSync(treasure, path)],
    ["a link to the socket itself", () => symlinkSync(`${path}.aside`, path)],
  ];
  for (const [what, put] of others) {
    put();
    const was = existsSync(path);
    for (const result of [rehearseSocketMode(path, identity), setSocketMode(path, identity, 0o777)]) {
      assert.equal(result.ok ? "done" : result.failure.reason, "socket-file-lost", what);
    }
    removeSocketFile(path, identity);
    assert.equal(existsSync(path), was, what);
    if (was) unlinkSync(path);
  }
  assert.deepEqual([modeOf(treasure), modeOf(`${path}.aside`)], [0o600, 0o640]);
});

test("its own file is removed", (t) => {
  const { path, identity } = makeSocket(t);
  removeSocketFile(path, identity);
  assert.ok(!existsSync(path));
});

test("an abstract name has no file, whatever lies in the working directory", () => {
  assert.equal(identifySocketFile("@holdfast"), undefined);
});
