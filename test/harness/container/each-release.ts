import { describe } from "node:test";
import { RELEASES, type Release } from "./releases.js";

/** Declares the same tests for each release of this run. The releases run side by side, because services mostly wait; what is in one does not. */
export function describeOnEachRelease(title: string, declare: (release: Release) => void): void {
  describeOnReleases(title, RELEASES, declare);
}

/** The same for these releases, whichever the run is of. */
export function describeOnReleases(
  title: string,
  releases: readonly Release[],
  declare: (release: Release) => void,
): void {
  describe(title, { concurrency: releases.length }, () => {
    for (const release of releases) describe(`on ${release}`, { concurrency: 1 }, () => declare(release));
  });
}
