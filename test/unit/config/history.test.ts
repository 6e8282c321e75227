import assert from "node:assert/strict";
import { test } from "node:test";
import { usualHistory } from "../../../src/config/history-table.js";
import { parse } from "./sample.js";

const command = 'command = ["x"]\n';

test("[history] says how much of the ledger is kept", () => {
  const given = parse(`${command}[history]\nsize = "512K"\nrotate = 3`);
  assert.ok(given.ok, given.ok ? "" : given.failure.message);
  assert.deepEqual(given.value.history, { sizeBytes: 512 * 1024, rotate: 3 });
  const without = parse(command);
  assert.ok(without.ok);
  assert.deepEqual(without.value.history, usualHistory);
});

const refused: readonly [toml: string, message: RegExp][] = [
  ["history = 4", /^web\.toml:2: history: must be a table, as in size = /],
  [
    '[history]\nsize = "4"',
    /^web\.toml:3: history\.size: cannot read size "4": write a whole number with K, M or G/,
  ],
  ['[history]\nsize = "1K"', /^web\.toml:3: history\.size: cannot read size "1K": it must be "16K" or more/],
  ['[history]\nsize = "2G"', /^web\.toml:3: history\.size: .* at most "1G"/],
  ["[history]\nrotate = -1", /^web\.toml:3: history\.rotate: must be a whole number from 0 to 100/],
  [
    "[history]\nrotates = 1",
    /^web\.toml:3: history\.rotates: unknown key `rotates`; did you mean `rotate`\?/,
  ],
];

for (const [toml, message] of refused) {
  test(`${JSON.stringify(toml)} is refused with file, line and key`, () => {
    const read = parse(command + toml);
    assert.ok(!read.ok, "was accepted");
    assert.match(read.failure.message, message);
  });
}
