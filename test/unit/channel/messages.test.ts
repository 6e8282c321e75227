import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeMessage, encodeMessage } from "../../../src/channel/json.js";
import { batchLimit, receiverMessage, senderMessage } from "../../../src/channel/peer-messages.js";
import { daemonMessage, peersLimit, workerMessage } from "../../../src/channel/worker-messages.js";

const schemas = [senderMessage, receiverMessage, daemonMessage, workerMessage];

test("no bytes whatever make a decoder throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const schema of schemas) assert.equal(decodeMessage(schema, Buffer.from(bytes)).ok, false);
    }),
  );
});

test("no JSON whatever makes a decoder throw, and a refusal says what is wrong", () => {
  const type = fc.constantFrom("prepare", "go", "received", "hello", "drain", "report", "saved", "probe");
  const almost = fc.record({ type, batch: fc.jsonValue(), items: fc.jsonValue(), query: fc.jsonValue() });
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), almost), (value) => {
      for (const schema of schemas) {
        const decoded = decodeMessage(schema, Buffer.from(JSON.stringify(value)));
        if (!decoded.ok) assert.match(decoded.failure.message, /^it sent a message that is not understood: /);
      }
    }),
  );
});

test("a batch over the limit, an empty one and negative counts are refused", () => {
  const item = { kind: "http", listener: "http", meta: {}, inputBytes: 0, outputBytes: 0 };
  const prepare = (items: readonly object[]): boolean =>
    decodeMessage(senderMessage, encodeMessage({ type: "prepare", batch: 1, items })).ok;
  assert.equal(prepare(Array.from({ length: batchLimit }, () => item)), true);
  assert.equal(prepare(Array.from({ length: batchLimit + 1 }, () => item)), false);
  assert.equal(prepare([]), false);
  assert.equal(prepare([{ ...item, inputBytes: -1 }]), false);
  assert.equal(prepare([{ ...item, outputBytes: 0.5 }]), false);
  assert.equal(prepare([{ ...item, kind: "x".repeat(17) }]), false);
});

test("a drain to more peers than the limit, and a peer without a process, are refused", () => {
  const drain = (count: number, pid: number): boolean => {
    const to = Array.from({ length: count }, (_, index) => ({ name: `2.${index}`, pid }));
    return decodeMessage(daemonMessage, encodeMessage({ type: "drain", to, exclusive: false })).ok;
  };
  assert.equal(drain(peersLimit, 1), true);
  assert.equal(drain(peersLimit + 1, 1), false);
  assert.equal(drain(1, 0), false);
});

test("what a worker says for people is one line", () => {
  const text = "fine\n8.1     ready";
  for (const [key, message] of [
    ["text", { type: "status", text }],
    ["failure", { type: "verdict", query: 1, failure: text }],
    ["failure", { type: "saved", query: 1, entries: [], failure: text }],
  ] as const) {
    const decoded = decodeMessage(workerMessage, encodeMessage(message));
    assert.ok(decoded.ok);
    assert.equal(Reflect.get(decoded.value, key), "fine 8.1     ready");
  }
});
