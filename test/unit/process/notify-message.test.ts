import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseNotifyMessage } from "../../../src/process/notify-message.js";

const nothing = {
  ready: false,
  reloading: false,
  stopping: false,
  status: null,
  errno: null,
  connect: false,
};

const messages: readonly [text: string, meaning: Partial<typeof nothing> | object][] = [
  ["READY=1", { ready: true }],
  ["READY=1\nSTATUS=12 clients\n", { ready: true, status: "12 clients" }],
  ["READY=0", {}],
  ["STOPPING=1", { stopping: true }],
  ["RELOADING=1\nMONOTONIC_USEC=5", { reloading: true }],
  ["ERRNO=2", { errno: 2 }],
  ["ERRNO=two", {}],
  ["MAINPID=1\nFDSTORE=1", {}],
  ["HOLDFAST_CONNECT=1", { connect: true }],
  ["X_OTHER=a=b", {}],
];

for (const [text, meaning] of messages) {
  test(`${JSON.stringify(text)} is understood`, () => {
    assert.deepEqual(parseNotifyMessage(Buffer.from(text)), { ...nothing, ...meaning });
  });
}

test("what is no message is nothing: empty, huge, not UTF-8, a line without a key", () => {
  const huge = `STATUS=${"x".repeat(5000)}`;
  for (const bytes of ["", huge, "READY", "=1", "READY=1\nnonsense"].map((text) => Buffer.from(text))) {
    assert.equal(parseNotifyMessage(bytes), undefined);
  }
  assert.equal(parseNotifyMessage(Buffer.from([0x41, 0x3d, 0xff])), undefined);
});

test("no bytes make reading throw, and no status has a control character or is long", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 5000 }),
    fc.string({ unit: "binary" }).map((text) => new TextEncoder().encode(`STATUS=${text}`)),
  );
  fc.assert(
    fc.property(bytes, (some) => {
      const status = parseNotifyMessage(Buffer.from(some))?.status ?? "";
      assert.ok(status.length <= 200 && !/\p{Cc}/u.test(status));
    }),
  );
});
