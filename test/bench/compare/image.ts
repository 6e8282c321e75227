import { ensureImageWith } from "../../harness/container/image.js";
import type { Release } from "../../harness/container/releases.js";

/** The root file system of a release with its own packages of nginx and HAProxy, which the comparison starts by itself. */
export function ensurePeersImage(release: Release): Promise<string> {
  const packages = ["nginx", "haproxy"];
  return ensureImageWith(
    "peers",
    release,
    packages,
    packages.map((name) => `${name}.service`),
  );
}
