import { nothingCounted } from "../../src/lib/counters.js";
import type { StateRecord } from "../../src/state/record.js";
import { Story } from "../unit/model/story.js";

/** A service with two versions behind it, the second on trial, whose workers have counted. */
export function recordOf(revision: number): StateRecord {
  const story = new Story().start({ trial: { timeMs: 10_000, share: null } }).speak(1);
  const pid = story.pidOf(1, 0) ?? 0;
  const listeners = [{ listener: "http", ...nothingCounted, accepted: revision, ok: revision }];
  story.send({ type: "counted", counts: [{ generation: 1, index: 0, pid, listeners }] });
  story
    .request()
    .candidate({ trial: { timeMs: 10_000, share: null } })
    .allReady();
  return { name: "web", bootId: "b", revision, state: story.state };
}
