import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Snapshots } from "../../../../src/daemon/perform/snapshots.js";
import { Story } from "../../model/story.js";

test("what is done to a snapshot is done although what was begun before has thrown", async (t) => {
  const stateDirectory = mkdtempSync(join(tmpdir(), "holdfast-"));
  t.after(() => rmSync(stateDirectory, { recursive: true }));
  const snapshots = new Snapshots({ stateDirectory });
  const [generation] = new Story().start().state.generations;
  assert.ok(generation !== undefined);
  const { specification } = generation;
  const plan = Object.defineProperty({ ...specification.plan }, "shared", {
    get(): never {
      throw new Error("boom");
    },
  });
  const made = snapshots.make(
    { ...generation, specification: { ...specification, plan } },
    { base: null, asIs: false },
  );
  const removed = snapshots.remove(generation.id);
  await assert.rejects(made, /boom/);
  const [event] = await removed;
  assert.equal(event?.type, "snapshot-removed");
});
