import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearest } from "../../../src/lib/nearest.js";

const keys = ["command", "release", "workers", "environment", "check", "listeners", "ready", "drain"];

for (const [word, meant] of [
  ["worker", "workers"],
  ["comand", "command"],
  ["Ready", "ready"],
  ["drian", "drain"],
  ["enviroment", "environment"],
  ["listener", "listeners"],
] as const) {
  test(`${word} was meant to be ${meant}`, () => {
    assert.equal(nearest(word, keys), meant);
  });
}

test("a word that is near to nothing gets no guess", () => {
  for (const word of ["", "x", "probation", "w".repeat(1_000_000)])
    assert.equal(nearest(word, keys), undefined);
});

test("a word with one letter wrong, missing or too many is recognised", () => {
  const slip = fc.tuple(fc.constantFrom(...keys), fc.nat(), fc.constantFrom("", "q", "qq"));
  fc.assert(
    fc.property(slip, ([key, place, letters]) => {
      const at = place % key.length;
      assert.equal(nearest(key.slice(0, at) + letters + key.slice(at + 1), keys), key);
    }),
  );
});
