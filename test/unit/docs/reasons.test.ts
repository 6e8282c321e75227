import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { pathInCheckout } from "../../harness/container/checkout.js";

const source = readdirSync(pathInCheckout("src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) =>
    readFileSync(pathInCheckout("src", file), "utf8").replaceAll(/^\s*(?:\/\/|\/?\*).*$|\["reason"\]/gm, ""),
  )
  .join("\n");
const page = readFileSync(pathInCheckout("docs/reasons.md"), "utf8");
const documented = [...page.matchAll(/^\| `(\S+)` \|/gm)].map(([, reason = ""]) => reason);

/** What a type names, what is given to `fail`, and what stands behind the word `reason`. */
function findReasons(): ReadonlySet<string> {
  const places = [/\bFailure<([^<>]*)>/g, /\bfail\(\s*("[^"]+")/g, /\breason\b(.*)/g];
  const found = places.flatMap((place) => [...source.matchAll(place)].map(([, text = ""]) => text));
  return new Set(
    found.flatMap((text) => [...text.matchAll(/"([a-z]+(?:-[a-z]+)*)"/g)].map(([, reason = ""]) => reason)),
  );
}

test("docs/reasons.md has every reason for which something fails", () => {
  const reasons = findReasons();
  assert.ok(reasons.size > 80);
  const missing = [...reasons].filter((reason) => !documented.includes(reason));
  assert.deepEqual(missing, []);
});

test("docs/reasons.md has each reason once, and only those that something fails for", () => {
  const used = source.replaceAll(/\bFailure<[^<>]*>/g, "");
  assert.deepEqual(
    documented.filter(
      (reason, index) => !used.includes(`"${reason}"`) || documented.indexOf(reason) !== index,
    ),
    [],
  );
});
