import assert from "node:assert/strict";
import { test } from "node:test";
import { type Failure, type FailureOf, fail, HoldfastError } from "../../../src/lib/failure.js";
import type { ModelFailure } from "../../../src/model/failure.js";

test("a reason that nobody has, or not this room, does not compile", () => {
  // @ts-expect-error: nobody has it
  assert.equal(fail("stoping", "").ok, false);
  // @ts-expect-error: nobody has it
  assert.ok(new HoldfastError("stoping", ""));
  const made: Failure = { reason: "EMFILE", message: "" };
  assert.equal(made.reason === "stopping", false);
  // @ts-expect-error: nobody has it
  assert.equal(made.reason === "stoping", false);

  const parsed: FailureOf<"config"> = { reason: "config-syntax", message: "" };
  // @ts-expect-error: another room has it
  assert.equal(parsed.reason === "stopping", false);

  const recorded: ModelFailure = { reason: "stopping", message: "" };
  // @ts-expect-error: it is a reason of the command's
  assert.equal(recorded.reason === "usage", false);
});
