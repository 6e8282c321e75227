import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../harness-error.js";
import { pathInCheckout } from "./checkout.js";
import { MORE_PACKAGES, type Release } from "./releases.js";
import { runCommand } from "./run-command.js";

const SCRIPTS = "/usr/share/debootstrap/scripts";

/**
 * Path of the root file system of a Debian release, never to be written to. Built with debootstrap when it is not there yet
 * (a minute or two) and kept in the cache directory under a key made of the recipe; images of older recipes are removed.
 * Throws a HarnessError `image` that says what to do: not root, debootstrap missing, build failed.
 */
export async function ensureImage(release: Release): Promise<string> {
  const [base, packages] = [await ensureBase(release), MORE_PACKAGES[release]];
  return packages.length === 0 ? base : addTo(base, `more-${release}`, packages, []);
}

/** The same with more of Debian's packages in it, under a name that no release has. Units that are `masked` no boot starts. */
export async function ensureImageWith(
  name: string,
  release: Release,
  packages: readonly string[],
  masked: readonly string[] = [],
): Promise<string> {
  return addTo(await ensureImage(release), `${name}-${release}`, packages, masked);
}

async function ensureBase(release: Release): Promise<string> {
  if (!existsSync("/usr/sbin/debootstrap")) {
    throw new HarnessError(
      "image",
      "cannot build a container image: apt-get install debootstrap systemd-container",
    );
  }
  // This machine's debootstrap may be older than the release; all of now have the one script.
  const script = join(SCRIPTS, release);
  if (process.getuid?.() === 0 && !existsSync(script)) {
    await symlink("sid", script).catch((error: unknown) => {
      // Another file of this run was quicker.
      if (!existsSync(script)) throw error;
    });
  }
  return ensureBuilt({
    name: release,
    recipe: pathInCheckout("test/harness/container/build-image.sh"),
    key: "",
    args: async (image) => [release, image, await mirror()],
  });
}

function addTo(
  base: string,
  name: string,
  packages: readonly string[],
  masked: readonly string[],
): Promise<string> {
  return ensureBuilt({
    name,
    recipe: pathInCheckout("test/harness/container/add-packages.sh"),
    key: [base, masked.join(" "), ...packages].join("\n"),
    args: async (image) => [image, base, masked.join(" "), ...packages],
  });
}

interface Recipe {
  /** What the image and its log are called in the cache directory. */
  readonly name: string;
  /** A script; its text is part of the image's key. */
  readonly recipe: string;
  /** What else decides what the image becomes. */
  readonly key: string;
  /** Its arguments, given the path where the image has to appear. */
  readonly args: (image: string) => Promise<readonly string[]>;
}

/** An image of the cache directory, built if it is not there yet; one build of a name at a time on this machine. */
async function ensureBuilt({ name, recipe, key, args }: Recipe): Promise<string> {
  const hash = createHash("sha256")
    .update(await readFile(recipe))
    .update(key);
  const cache = join(process.env["XDG_CACHE_HOME"] ?? "/var/cache", "holdfast-test");
  const image = join(cache, `${name}-${hash.digest("hex").slice(0, 12)}`);
  if (process.getuid?.() !== 0) {
    throw new HarnessError("image", "cannot boot a container: system tests need root (sudo npm test)");
  }
  if (existsSync(image)) return image;
  await mkdir(cache, { recursive: true });
  await build(name, cache, image, [recipe, ...(await args(image))]);
  await removeOthers(cache, name, image);
  return image;
}

/** Who waited for the lock finds the image and does nothing. */
async function build(name: string, cache: string, image: string, command: readonly string[]): Promise<void> {
  const log = join(cache, `${name}.log`);
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "TERM", "flock", "--no-fork", join(cache, `${name}.lock`), ...command],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const output = createWriteStream(log);
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const [code] = await once(child, "close");
  output.end();
  if (code === 0 && existsSync(image)) return;
  const tail = (await readFile(log, "utf8")).split("\n").slice(-15).join("\n");
  throw new HarnessError("image", `cannot build the ${name} image: status ${code}, see ${log}\n${tail}`);
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

async function removeOthers(cache: string, name: string, image: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    const isImage = entry.startsWith(`${name}-`) && !entry.includes(".building.");
    if (isImage && path !== image) await rm(path, { recursive: true, force: true });
  }
}
