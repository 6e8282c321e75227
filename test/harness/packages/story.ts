import assert from "node:assert/strict";
import { it } from "node:test";

/** A test that goes on from where the one before it ended. */
export type Step = (name: string, prove: () => Promise<void>) => void;

/** Declares the steps of one story. When one fails the later ones fail at once: they have nothing to begin with. */
export function story(): Step {
  let broken: string | null = null;
  return (name, prove) => {
    it(name, async () => {
      assert.equal(broken, null, "an earlier step failed");
      broken = name;
      await prove();
      broken = null;
    });
  };
}
