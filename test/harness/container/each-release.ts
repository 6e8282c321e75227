import { describe } from "node:test";
import { RELEASES, type Release } from "./releases.js";

/** Declares the same tests for each release. The releases run side by side, because services mostly wait; what is in one does not. */
export function describeOnEachRelease(title: string, declare: (release: Release) => void): void {
  describe(title, { concurrency: RELEASES.length }, () => {
    for (const release of RELEASES) describe(`on ${release}`, { concurrency: 1 }, () => declare(release));
  });
}
