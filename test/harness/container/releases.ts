import { HarnessError } from "../harness-error.js";

/** Debian releases to test on: bookworm has systemd 252, trixie 257, forky 262. */
const KNOWN = ["bookworm", "trixie", "forky"] as const;
export type Release = (typeof KNOWN)[number];

/** It has one story in each run, and all of them in a run that names it. */
export const NEWEST: Release = "forky";
/** What a release's image has besides: where Node is among it, that one runs the tests, else the host's. */
export const MORE_PACKAGES: Readonly<Record<Release, readonly string[]>> = {
  bookworm: [],
  trixie: [],
  forky: ["nodejs", "puma"],
};
const USUAL: readonly Release[] = ["bookworm", "trixie"];

/** The releases of this run: the one that it names (`test.mjs --release`), else the usual ones. */
export const RELEASES = named(process.env["HOLDFAST_TEST_RELEASE"]);

function named(name: string | undefined): readonly Release[] {
  if (name === undefined) return USUAL;
  const release = KNOWN.find((known) => known === name);
  if (release !== undefined) return [release];
  throw new HarnessError("release", `cannot test on ${name}: the releases are ${KNOWN.join(", ")}`);
}
