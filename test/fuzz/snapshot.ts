import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { makeSnapshot } from "../../src/release/make-snapshot.js";
import { releasesDirectory, snapshotDirectory } from "../../src/release/places.js";
import { removeSnapshot, removeTree } from "../../src/release/remove-snapshot.js";
import { countFds } from "../harness/process/open-fds.js";
import { knownTrees } from "./corpus/trees.js";
import { feed, type Target } from "./target.js";
import { type Deed, deeds, readTree, World } from "./tree-deeds.js";

export interface Snapshots {
  /** What is there when it is copied, what is done to it meanwhile, and what the app then does to its snapshot. */
  readonly before: readonly Deed[];
  readonly meanwhile: readonly (Deed & { readonly afterMs: number })[];
  readonly byApp: readonly Deed[];
  readonly shared: readonly string[];
  readonly writable: readonly string[];
}

const paths = fc.array(fc.constantFrom("a", "a/b", "c", "link", "../outside", "."), { maxLength: 2 });
/** A copy begins when nothing has changed for a moment, and is soon made. */
const pause = fc.constantFrom(0, 0, 1, 2, 5, 15, 22, 25);
const meanwhile = fc
  .tuple(deeds(8), fc.array(pause, { minLength: 8, maxLength: 8 }))
  .map(([some, pauses]) => some.map((one, index) => ({ ...one, afterMs: pauses[index] ?? 0 })));

const input: fc.Arbitrary<Snapshots> = fc.record({
  before: deeds(30),
  meanwhile: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 4, arbitrary: meanwhile }),
  byApp: deeds(5),
  shared: paths,
  writable: paths,
});

/**
 * Releases that change while they are copied, of odd names, links, sockets and owners: a snapshot is what the release was at one
 * moment, or there is none; nothing outside is touched; and it can be removed, whatever the app did in it.
 */
export async function openSnapshot(): Promise<Target> {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-fuzz-")));
  let made = 0;
  const attempt = async (tree: Snapshots): Promise<void> => {
    const before = countFds();
    const directory = join(top, String(made++));
    try {
      await copyAndRemove(directory, tree);
    } finally {
      await removeTree(directory);
    }
    assert.equal(countFds(), before);
  };
  return {
    feed: (seed) => feed({ input, known: knownTrees, attempt, runs: 8 }, seed),
    async [Symbol.asyncDispose]() {
      rmSync(top, { recursive: true, force: true });
    },
  };
}

async function copyAndRemove(directory: string, tree: Snapshots): Promise<void> {
  const { before, meanwhile, byApp, shared, writable } = tree;
  const state = join(directory, "state");
  const world = new World(directory);
  for (const deed of before) world.does(deed);
  const moments = [readTree(world.release)];
  const options = {
    stateDirectory: state,
    release: world.release,
    shared,
    writable,
    signal: new AbortController().signal,
    uid: process.geteuid?.() ?? 0,
  };
  const change = async (): Promise<void> => {
    for (const deed of meanwhile) {
      if (deed.afterMs > 0) await delay(deed.afterMs);
      else await nextTurn();
      world.does(deed);
      moments.push(readTree(world.release));
    }
  };
  let written: readonly (readonly [path: string, content: string])[] = [];
  const [result] = await Promise.all([
    makeSnapshot({ ...options, id: 1, base: undefined, asIs: false }),
    change(),
  ]);
  if (!result.ok) {
    assert.match(result.failure.reason, /^(release-invalid|snapshot-(changing|failed))$/);
    assert.deepEqual(readdirSync(releasesDirectory(state)), []);
  } else {
    assert.deepEqual(readdirSync(releasesDirectory(state)).sort(), ["1", "1.manifest"]);
    const copy = readTree(snapshotDirectory(state, 1));
    const apart = [...shared, ...writable];
    const isThen = (moment: ReadonlyMap<string, string>): boolean =>
      [...moment, ...copy].every(([path]) => isWithin(path, apart) || copy.get(path) === moment.get(path));
    assert.ok(moments.some(isThen), "the snapshot is none of what the release was");
    const app = new World(directory, snapshotDirectory(state, 1));
    for (const deed of byApp) app.does(deed);
    const left = readTree(snapshotDirectory(state, 1));
    written = [...left].filter(([path, content]) => isKept(path, apart) && copy.get(path) !== content);
  }
  world.assertOutsideIsUntouched();
  const second = await makeSnapshot({ ...options, id: 2, base: 1, asIs: writable.length === 0 });
  if (second.ok && second.value.sameAs !== null) {
    const [copy, original] = [readTree(snapshotDirectory(state, 1)), readTree(world.release)];
    for (const [path] of [...copy, ...original])
      assert.ok(isWithin(path, shared) || copy.get(path) === original.get(path), `${path} is not the same`);
  }
  for (const id of [1, 2]) {
    const removed = await removeSnapshot(state, id);
    assert.ok(removed.ok, removed.ok ? "" : removed.failure.message);
  }
  assert.deepEqual(readdirSync(releasesDirectory(state)), []);
  const aside = [...readTree(join(state, "written")).values()];
  for (const [path, content] of written)
    assert.ok(aside.includes(content), `what the app wrote at ${path} is lost`);
  assert.ok(second.ok || second.failure.message.includes(world.release));
  world.assertOutsideIsUntouched();
}

/** Python makes again what is in its cache, and what is writable goes with its snapshot. */
function isKept(path: string, apart: readonly string[]): boolean {
  return !isWithin(path, apart) && !path.split("/").includes("__pycache__");
}

function isWithin(path: string, some: readonly string[]): boolean {
  return some.some((one) => path === one || path.startsWith(`${one}/`) || path.startsWith(`${one}-`));
}
