import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { decodeRecord, encodeReadable } from "../../../src/state/encode.js";
import { recordSchema } from "../../../src/state/record.js";
import { plainly } from "./sample.js";
import { Story } from "./story.js";

function begin(story: Story, mark: string): Story {
  return story.send({ type: "upgrade-requested", kind: "upgrade", ...plainly, mark });
}

test("of the last reload that a signal began it is known which upgrade it asked for: its own, the one that waits, or the one it joins", () => {
  const story = begin(new Story().start(), "a");
  assert.deepEqual(story.state.reload, { mark: "a", upgrade: 2 });
  assert.equal(story.state.upgrade?.id, 2);
  begin(story, "b");
  assert.deepEqual(story.state.reload, { mark: "b", upgrade: 3 });
  begin(story, "c");
  assert.deepEqual(story.state.reload, { mark: "c", upgrade: 3 });
  assert.equal(story.state.queued?.id, 3);
  story.request();
  assert.deepEqual(story.state.reload, { mark: "c", upgrade: 3 });
});

test("the next daemon knows it, too, and of an earlier version's state there is none", () => {
  const { state } = begin(new Story().start(), "a");
  const written = encodeReadable({ name: "web", bootId: "b", revision: 1, state });
  assert.ok(written.ok);
  const read = decodeRecord(written.value);
  assert.deepEqual(read.ok && read.value.state.reload, { mark: "a", upgrade: 2 });
  assert.equal(v.parse(recordSchema.entries.state, { ...state, reload: undefined }).reload, null);
});
