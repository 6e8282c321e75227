import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "./sample.js";

for (const [toml, why] of [
  ['command = ["node", "server.js]\nrelease = "/srv"', /web\.toml:1:\d+: .*closing quote is missing/],
  ["command = 'node", /web\.toml:1:\d+: .*closing quote/],
  ['command = """node', /closing quotes are missing/],
  ['command = ["node"\nrelease = "/srv"', /comma, a quote or a closing bracket is missing/],
  ["command = node", /text has straight quotes/],
  ["command = [“node”]", /straight quotes/],
  ['command: "node"', /= between them/],
  ['[ready\nwhen = "notify"', /a \] or a = is missing/],
  ['command = "C:\\q"', /backslash begins an escape/],
  ['command = ["a"]\ncommand = ["b"]', /web\.toml:2:.*stands above already/],
  ['command = ["a\u0001b"]', /control character is in a string/],
] as const) {
  test(`${JSON.stringify(toml)} is refused with the sentence that helps`, () => {
    const result = parse(toml);
    assert.ok(!result.ok);
    assert.equal(result.failure.reason, "config-syntax");
    assert.match(result.failure.message, why);
  });
}
