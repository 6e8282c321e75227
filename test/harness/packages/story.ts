import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RELEASES, type Release } from "../container/image.js";

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

/** Tells a story on each release. They run side by side, because package managers and services mostly wait; what is in one does not. */
export function tellOnEachRelease(title: string, tell: (release: Release) => void): void {
  describe(title, { concurrency: RELEASES.length }, () => {
    for (const release of RELEASES) describe(`on ${release}`, { concurrency: 1 }, () => tell(release));
  });
}
