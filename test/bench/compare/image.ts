import { pathInCheckout } from "../../harness/container/checkout.js";
import { ensureBuilt, ensureImage, type Release } from "../../harness/container/image.js";

/** The root file system of a release with its own packages of nginx and HAProxy, whose services never start. */
export async function ensurePeersImage(release: Release): Promise<string> {
  const base = await ensureImage(release);
  return ensureBuilt({
    name: `peers-${release}`,
    recipe: pathInCheckout("test/bench/compare/extend-image.sh"),
    key: base,
    args: async (image) => [image, base],
  });
}
