import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "../../../src/lib/failure.js";
import { pathInCheckout } from "./checkout.js";
import { runCommand } from "./run-command.js";

/** Debian releases to test on: bookworm has systemd 252, trixie 257. */
export const RELEASES = ["bookworm", "trixie"] as const;
export type Release = (typeof RELEASES)[number];

/**
 * Path of the root file system of a Debian release, never to be written to. Built with debootstrap when it is not there yet
 * (a minute or two) and kept in the cache directory under a key made of the recipe; images of older recipes are removed.
 * Throws a HoldfastError `image` that says what to do: not root, debootstrap missing, build failed.
 */
export async function ensureImage(release: Release): Promise<string> {
  const recipe = pathInCheckout("test/harness/container/build-image.sh");
  const key = createHash("sha256")
    .update(await readFile(recipe))
    .digest("hex")
    .slice(0, 12);
  const cache = join(process.env["XDG_CACHE_HOME"] ?? "/var/cache", "holdfast-test");
  const image = join(cache, `${release}-${key}`);
  if (process.getuid?.() !== 0) {
    throw new HoldfastError("image", "cannot boot a container: system tests need root (sudo npm test)");
  }
  if (existsSync(image)) return image;
  await mkdir(cache, { recursive: true });
  await build({
    recipe,
    release,
    image,
    log: join(cache, `${release}.log`),
    lock: join(cache, `${release}.lock`),
  });
  await removeOthers(cache, release, image);
  return image;
}

interface Build {
  readonly recipe: string;
  readonly release: Release;
  readonly image: string;
  readonly log: string;
  readonly lock: string;
}

/** One build of a release at a time on this machine; who waited for the lock finds the image and does nothing. */
async function build({ recipe, release, image, log, lock }: Build): Promise<void> {
  if (!existsSync("/usr/sbin/debootstrap")) {
    throw new HoldfastError(
      "image",
      "cannot build a container image: apt-get install debootstrap systemd-container",
    );
  }
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "TERM", "flock", "--no-fork", lock, recipe, release, image, await mirror()],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const output = createWriteStream(log);
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const [code] = await once(child, "close");
  output.end();
  if (code === 0 && existsSync(image)) return;
  const tail = (await readFile(log, "utf8")).split("\n").slice(-15).join("\n");
  throw new HoldfastError("image", `cannot build the ${release} image: status ${code}, see ${log}\n${tail}`);
}

/** The Debian mirror that this machine's apt uses. */
async function mirror(): Promise<string> {
  const query = [
    "apt-get",
    "indextargets",
    "--format",
    "$(REPO_URI)",
    "Created-By: Packages",
    "Origin: Debian",
  ] as const;
  const { stdout } = await runCommand([...query], { timeoutMs: 30_000 });
  const main = stdout.split("\n").find((uri) => uri !== "" && !uri.includes("security"));
  return main ?? "http://deb.debian.org/debian";
}

async function removeOthers(cache: string, release: Release, image: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    const isImage = entry.startsWith(`${release}-`) && !entry.includes(".building.");
    if (isImage && path !== image) await rm(path, { recursive: true, force: true });
  }
}
