import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { reasons } from "../../../src/lib/reasons.js";
import { pathInCheckout } from "../../harness/container/checkout.js";

test("docs/reasons.md has each reason for which something fails once, and no other", () => {
  const page = readFileSync(pathInCheckout("docs/reasons.md"), "utf8");
  const documented = [...page.matchAll(/^\| `(\S+)` \|/gm)].map(([, reason = ""]) => reason);
  assert.deepEqual(documented.sort(), [...new Set<string>(Object.values(reasons).flat())].sort());
});

test("every room makes each of the reasons that it has", () => {
  for (const [room, own] of Object.entries<readonly string[]>(reasons)) {
    const code = readRoom(room);
    assert.deepEqual(
      own.filter((reason) => !code.includes(`"${reason}"`)),
      [],
      room,
    );
  }
});

/** Without the types, which only say what may be made. */
function readRoom(room: string): string {
  return readdirSync(pathInCheckout("src", room), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "reasons.ts")
    .map((file) => readFileSync(pathInCheckout("src", room, file), "utf8"))
    .join("\n")
    .replaceAll(/\bFailure<[^<>]*>/g, "");
}
