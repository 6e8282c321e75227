import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

/** `[text](file.test.ts "title")`: what is named is the title, or the text where there is none. */
const linkToTest = /\[([^\]]*)\]\(([^)\s]+\.test\.ts)(?: "([^"]*)")?\)/g;

for (const page of ["docs/compare.md", "test/README.md", "SECURITY.md"]) {
  test(`${page} names tests that exist`, () => {
    const links = [...readFileSync(page, "utf8").matchAll(linkToTest)];
    assert.ok(links.length > 20);
    for (const [, text = "", path = "", name = text] of links) {
      const file = join(dirname(page), path);
      assert.ok(existsSync(file), `${file} does not exist`);
      assert.ok(readFileSync(file, "utf8").includes(name), `${file} has no test "${name}"`);
    }
  });
}

test("whatever docs/compare.md says of Holdfast has a test", () => {
  const rows = readFileSync("docs/compare.md", "utf8").split("\n");
  const cells = rows.filter((row) => row.startsWith("| ")).map((row) => row.slice(2).split(" | "));
  const capabilities = cells.slice(1).filter(([title = ""]) => !title.startsWith("**"));
  assert.ok(capabilities.length > 20);
  for (const [title, ours = ""] of capabilities) assert.match(ours, /\]\(\.\.\/test\//, title);
});
