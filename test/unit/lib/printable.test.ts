import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { oneLine, printable, printableJson } from "../../../src/lib/printable.js";

/** Clear screen by ESC and by the C1 form, right-to-left override, isolates, line separator, zero width space, soft hyphen, a tag. */
const tricks = [
  "\x1b[2J",
  "\x9b2J",
  "\u202e",
  "\u2066",
  "\u2028",
  "\u200b",
  "\xad",
  "\u{e0041}",
  "\r",
  "\x7f",
];
const seen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

test("nothing that steers a terminal or turns a line around is shown; lines stay lines", () => {
  for (const trick of tricks) assert.doesNotMatch(printable(`a${trick}b`), seen, JSON.stringify(trick));
  assert.equal(printable("one\n\ttwo, größer 漢字"), "one\n\ttwo, größer 漢字");
});

test("where there is but one line, a text makes no second", () => {
  for (const trick of [...tricks, "\n", "\n8.1  ready"]) assert.doesNotMatch(oneLine(`a${trick}b`), seen);
});

test("JSON text has none of it either, and means the same", () => {
  const value = { text: tricks.join("\n"), list: tricks };
  for (const indent of [undefined, 2]) {
    const json = printableJson(value, indent);
    assert.doesNotMatch(json.replaceAll("\n", ""), seen);
    assert.deepEqual(JSON.parse(json), value);
  }
  fc.assert(
    fc.property(fc.json(), (json) => {
      assert.deepEqual(JSON.parse(printableJson(JSON.parse(json))), JSON.parse(json));
    }),
  );
});
