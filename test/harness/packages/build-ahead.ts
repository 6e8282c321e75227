import { RELEASES } from "../container/releases.js";
import { buildNodeDeb, buildPackage, NEXT_VERSION, OWN_VERSION } from "./build-package.js";
import { ensurePackagesImage } from "./image.js";

/*
 * A program: makes what each package test begins with, while the tests of other stages run. Whoever comes to need it earlier makes it.
 */

for (const release of RELEASES) await ensurePackagesImage(release);
await buildNodeDeb();
for (const kind of ["deb", "rpm"] as const) {
  for (const version of [OWN_VERSION, NEXT_VERSION]) await buildPackage(kind, version);
}
