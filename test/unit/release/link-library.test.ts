import assert from "node:assert/strict";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { linkLibrary } from "../../../src/release/link-library.js";
import { snapshotDirectory } from "../../../src/release/places.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

/** A package called holdfast. */
function install(t: TestContext): string {
  const directory = realpathSync(temporaryDirectory(t));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "holdfast" }));
  return directory;
}

/** What an app in that directory means by the library. */
function resolveFrom(directory: string): string {
  return createRequire(join(directory, "app.js")).resolve("holdfast/package.json");
}

test("an app in a snapshot finds the library of the daemon that made the last one", (t) => {
  const state = temporaryDirectory(t);
  const snapshot = snapshotDirectory(state, 7);
  mkdirSync(snapshot, { recursive: true });
  linkLibrary(state, install(t));
  const library = install(t);
  linkLibrary(state, library);
  assert.equal(resolveFrom(snapshot), join(library, "package.json"));
});

test("an app that has the library itself finds its own", (t) => {
  const state = realpathSync(temporaryDirectory(t));
  const snapshot = snapshotDirectory(state, 7);
  const own = join(snapshot, "node_modules", "holdfast");
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "package.json"), "{}");
  linkLibrary(state, install(t));
  assert.equal(resolveFrom(snapshot), join(own, "package.json"));
});

test("where there is no package beside the program nothing is linked", (t) => {
  const state = temporaryDirectory(t);
  linkLibrary(state, temporaryDirectory(t));
  assert.throws(() => resolveFrom(snapshotDirectory(state, 7)), { code: "MODULE_NOT_FOUND" });
});
