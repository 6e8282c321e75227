import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "./sample.js";

const command = 'command = ["x"]\n';

test("[control] names who may look and who may act; without it nobody may", () => {
  const given = parse(`${command}[control]\nviewers = "web-viewers"\noperators = "1001"`);
  assert.ok(given.ok, given.ok ? "" : given.failure.message);
  assert.deepEqual(given.value.control, { viewers: "web-viewers", operators: "1001" });
  const without = parse(command);
  assert.ok(without.ok);
  assert.deepEqual(without.value.control, { viewers: null, operators: null });
});

for (const [toml, message] of [
  ["control = true", /^web\.toml:2: control: must be a table, as in viewers = /],
  ["[control]\nviewers = 1001", /^web\.toml:3: control\.viewers: must be a string; write it in quotes/],
  ['[control]\noperators = "a, b"', /^web\.toml:3: control\.operators: must be the name of one group/],
  ['[control]\nviewer = "a"', /unknown key `viewer`; did you mean `viewers`\?/],
] as const) {
  test(`${toml} is refused`, () => {
    const parsed = parse(command + toml);
    assert.match(parsed.ok ? "" : parsed.failure.message, message);
  });
}
