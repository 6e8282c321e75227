import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as v from "valibot";
import { pathInCheckout } from "../../harness/container/checkout.js";

const lock = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    packages: v.record(
      v.string(),
      v.object({ engines: v.optional(v.looseObject({ node: v.optional(v.string()) })) }),
    ),
  }),
);

test("no package of the checkout wants a newer Node than the checkout itself", () => {
  const { packages } = v.parse(lock, readFileSync(pathInCheckout("package-lock.json"), "utf8"));
  const leastOf = (node = ""): number => {
    const majors = node.split("||").map((range) => Number(/>=?\s*v?(\d+)/.exec(range)?.[1] ?? 0));
    return Math.min(...majors);
  };
  const own = leastOf(packages[""]?.engines?.node);
  const newer = Object.entries(packages).filter(([, { engines }]) => leastOf(engines?.node) > own);
  assert(own > 0);
  assert.deepEqual(
    newer.map(([path]) => path),
    [],
  );
});
