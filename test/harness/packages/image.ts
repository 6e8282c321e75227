import { ensureImageWith } from "../container/image.js";
import type { Release } from "../container/releases.js";

const packages = [
  ...["rpm", "man-db", "bash-completion", "needrestart", "unattended-upgrades"],
  ...["dnf", "createrepo-c", "debhelper"],
];
/** Debian 12 has only Node 18; there the tests install a package of their own. */
const node: Readonly<Record<Release, readonly string[]>> = {
  bookworm: [],
  trixie: ["nodejs"],
  forky: [],
};
/** What upgrades by itself is asked for by the tests; the timers only slow the boot. */
const masked = ["man-db.timer", "dpkg-db-backup.timer", "dnf-makecache.timer", "unattended-upgrades.service"];

/** The root file system of a release with what tests of packages need: rpm, man, and Debian's own Node. */
export function ensurePackagesImage(release: Release): Promise<string> {
  return ensureImageWith("packages", release, [...packages, ...node[release]], masked);
}
