import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { locateKeys } from "../../../src/config/locate.js";

const toml = String.raw`# command = ["not this"]
command = [
  "a # no comment",   # a comment ]
  'b',
]
text = """
workers = 5
\"""
"""   # "
literal = '''
check = 1'''
workers = 2
environment = { A = "}", "B.C" = '=', D = [ { E = 1 } ] }
[listeners.http] # [no.table]
address = "x"
"quoted \u0041" = 1
[ listeners . 'a.b' ]
ready.when = "notify"
[[list]]
first = 1
[[list]]
second = 2
`.replaceAll("\n", "\r\n");

for (const [path, line] of [
  [["command"], 2],
  [["command", 0], 3],
  [["command", 1], 4],
  [["text"], 6],
  [["literal"], 10],
  [["workers"], 12],
  [["environment", "A"], 13],
  [["environment", "B.C"], 13],
  [["environment", "D", 0, "E"], 13],
  [["listeners"], 14],
  [["listeners", "http"], 14],
  [["listeners", "http", "address"], 15],
  [["listeners", "http", "quoted A"], 16],
  [["listeners", "a.b"], 17],
  [["listeners", "a.b", "ready", "when"], 18],
  [["listeners", "http", "missing"], 14],
  [["list", "second"], 22],
  [["missing"], null],
  [["check"], null],
  [[], null],
] as const) {
  test(`${path.join(" > ") || "the root"} is found on line ${line}`, () => {
    assert.equal(locateKeys(toml)(path), line);
  });
}

test("looking for keys ends on any text", () => {
  const pieces = fc.array(
    fc.constantFrom(
      '"',
      '"""',
      "'",
      "'''",
      "\\",
      "[",
      "]",
      "{",
      "}",
      "=",
      ",",
      ".",
      "#",
      "\n",
      " ",
      "key",
      "1",
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(pieces, (list) => {
      const text = list.join("");
      const line = locateKeys(text)(["key"]);
      assert.ok(line === null || (line >= 1 && line <= text.split("\n").length));
    }),
    { numRuns: 3_000 },
  );
});
