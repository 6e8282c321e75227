import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ReleaseRig } from "./rig.js";

test("a release that changes while it is copied is copied again, and one that always changes is refused", async (context) => {
  const rig = new ReleaseRig(context);
  for (let n = 0; n < 300; n++) rig.write(`d${n % 10}/f${n}`, "1");
  let changes = 0;
  const stop = new AbortController();
  const keepChanging = async (times: number): Promise<void> => {
    while (changes < times && !stop.signal.aborted) {
      rig.write(`d${changes % 10}/f${changes % 300}`, String(changes));
      changes += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const forever = keepChanging(Number.POSITIVE_INFINITY);
  const made = await rig.try(1);
  stop.abort();
  await forever;
  assert.ok(!made.ok, "it was made");
  const { reason, message } = made.failure;
  assert.equal(reason, "snapshot-changing");
  assert.match(message, /changed each of 3 times .* upgrade when the deploy has ended/);
  assert.deepEqual(readdirSync(join(rig.state, "releases")), []);
  await rig.make(2);
  for (let n = 0; n < 300; n++) {
    const [was, is] = [rig.release, rig.snapshot(2)].map((top) =>
      readFileSync(join(top, `d${n % 10}/f${n}`), "utf8"),
    );
    assert.equal(is, was);
  }
});

test("a snapshot is made anew over what an earlier daemon left half made", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("a/b", "whole");
  await rig.make(1);
  rmSync(join(rig.state, "releases/1.manifest"));
  rig.write("c");
  await rig.make(1);
  assert.deepEqual(readdirSync(rig.snapshot(1)).sort(), ["a", "c"]);
});

test("a release that holds the state directory, is gone, or is no directory is refused with nothing left", async (context) => {
  const rig = new ReleaseRig(context);
  const { reason, message } = await rig.fail(1, { release: rig.top });
  assert.equal(reason, "release-invalid");
  assert.match(message, /snapshot = "off"/);
  assert.equal((await rig.fail(1, { release: join(rig.top, "gone") })).reason, "snapshot-failed");
  rig.write("file");
  assert.equal((await rig.fail(1, { release: join(rig.release, "file") })).reason, "snapshot-failed");
  assert.deepEqual(readdirSync(join(rig.state, "releases")), []);
});

test("a file whose name is not UTF-8 is named, and nothing is left", async (context) => {
  const rig = new ReleaseRig(context);
  writeFileSync(Buffer.concat([Buffer.from(`${rig.release}/caf`), Buffer.from([0xe9])]), "");
  assert.match((await rig.fail(1)).message, /the name "caf.*" is not UTF-8; rename it/);
  assert.deepEqual(readdirSync(join(rig.state, "releases")), []);
  rmSync(rig.release, { recursive: true });
});

test("one that nobody waits for any more is dropped in the middle, and leaves nothing", async (context) => {
  const rig = new ReleaseRig(context);
  for (let n = 0; n < 2_000; n++) rig.write(`d${n % 40}/f${n}`, "1");
  const drop = new AbortController();
  const making = rig.fail(1, { signal: drop.signal });
  while (!existsSync(join(rig.snapshot(1), "d1"))) await new Promise((resolve) => setImmediate(resolve));
  drop.abort();
  assert.equal((await making).reason, "snapshot-dropped");
  assert.deepEqual(readdirSync(join(rig.state, "releases")), []);
});
