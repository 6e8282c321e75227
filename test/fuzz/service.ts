import assert from "node:assert/strict";
import type { Event } from "../../src/model/event.js";
import type { State } from "../../src/model/state.js";
import { decodeRecord, encodeRecord } from "../../src/state/encode.js";
import { Story } from "../unit/model/story.js";

/** Nobody has told more than a worker may. */
const mostBytes = 4 * 1024 * 1024;

/** The model of a service with two native workers and two of the next version, whose invariants are looked at with each event. */
export class Service {
  readonly #story = new Story().start().speak(1).request().candidate().speak(2);

  get state(): State {
    return this.#story.state;
  }

  push(...events: readonly Event[]): void {
    for (const event of events) this.#story.send(event);
  }

  /** All that it knows can be written down and is read again. */
  assertKept(): void {
    const record = { name: "web", bootId: "b", revision: 1, state: this.state };
    const text = encodeRecord(record);
    assert.deepEqual(decodeRecord(text), { ok: true, value: record });
    assert.ok(text.length < mostBytes, `the state has ${text.length} bytes`);
  }
}
