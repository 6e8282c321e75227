import { pathInCheckout } from "../container/checkout.js";
import { ensureBuilt, ensureImage, type Release } from "../container/image.js";

/** The root file system of a release with what tests of packages need: rpm, man, and on trixie Debian's own Node. */
export async function ensurePackagesImage(release: Release): Promise<string> {
  const base = await ensureImage(release);
  return ensureBuilt({
    name: `packages-${release}`,
    recipe: pathInCheckout("test/harness/packages/extend-image.sh"),
    key: base,
    args: async (image) => [release, image, base],
  });
}
