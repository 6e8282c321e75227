import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "./sample.js";

const command = 'command = ["x"]\n';

test("[hooks] names a command for each event; without it there are none", () => {
  const given = parse(`${command}[hooks]\nrolled-back = ["/bin/page", "me"]\nupgrade-failed = ["log"]`);
  assert.ok(given.ok, given.ok ? "" : given.failure.message);
  assert.deepEqual(given.value.plan.hooks, {
    "rolled-back": ["/bin/page", "me"],
    "upgrade-failed": ["log"],
  });
  const without = parse(command);
  assert.ok(without.ok);
  assert.deepEqual(without.value.plan.hooks, {});
});

const refused: readonly [toml: string, message: RegExp][] = [
  ["hooks = true", /^web\.toml:2: hooks: must be a table, as in rolled-back = /],
  ['[hooks]\nproved = "page"', /^web\.toml:3: hooks\.proved: must be an array of strings; write \["/],
  ["[hooks]\nproved = []", /^web\.toml:3: hooks\.proved: must name a program/],
  ["[hooks]\nupgraded = [1]", /^web\.toml:3: hooks\.upgraded\[0\]: must be a string/],
  [
    '[hooks]\nrolledback = ["x"]',
    /^web\.toml:3: hooks\.rolledback: unknown key `rolledback`; did you mean `rolled-back`\?/,
  ],
];

for (const [toml, message] of refused) {
  test(`${JSON.stringify(toml)} is refused with file, line and key`, () => {
    const read = parse(command + toml);
    assert.ok(!read.ok, "was accepted");
    assert.match(read.failure.message, message);
  });
}
